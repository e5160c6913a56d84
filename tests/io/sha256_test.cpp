#include "io/sha256.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

namespace td = tapedeck;

BOOST_AUTO_TEST_SUITE(io)
BOOST_AUTO_TEST_SUITE(sha256)

namespace {

std::string digest(const std::string& text) {
  td::io::Sha256 hash;
  hash.add(std::as_bytes(std::span(text)));
  return hash.hex();
}

}  // namespace

// The vectors of NIST's "Secure Hashing" examples. Those of Python's hashlib are in
// repository/python_safetensors.
BOOST_AUTO_TEST_CASE(digests_of_the_standard) {
  BOOST_TEST(digest("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  BOOST_TEST(digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  BOOST_TEST(digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
             "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  BOOST_TEST(digest(std::string(1'000'000, 'a')) ==
             "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

BOOST_AUTO_TEST_CASE(pieces_count_for_nothing) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += static_cast<char>(i * 31 % 251);
  const auto bytes = std::as_bytes(std::span(text));
  for (std::size_t a = 0; a <= bytes.size(); a += 7) {
    for (std::size_t b = a; b <= bytes.size(); b += 11) {
      td::io::Sha256 hash;
      hash.add(bytes.first(a));
      hash.add(bytes.subspan(a, b - a));
      BOOST_TEST(hash.hex() == digest(text.substr(0, b)));  // and goes on after it was asked
      hash.add(bytes.subspan(b));
      BOOST_TEST(hash.hex() == digest(text));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
