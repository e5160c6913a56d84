#include "tapedeck/io/safetensors.hpp"

#include <bit>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "io/sha256.hpp"
#include "io/state_files.hpp"
#include "support/complaint.hpp"
#include "support/evidence.hpp"
#include "support/temporary_folder.hpp"
#include "tapedeck/core/error.hpp"

namespace td = tapedeck;
using namespace test;

BOOST_AUTO_TEST_SUITE(io)

namespace {

struct SafetensorsFile {
  TemporaryFolder folder;
  std::string path = folder.path / "a.safetensors";

  td::StateDict round_trip(const td::StateDict& state) const {
    td::write_safetensors(path, state);
    return td::read_safetensors(path);
  }
  std::string writing(const td::StateDict& state) const {
    const std::string said = complaint<td::FileError>([&] { td::write_safetensors(path, state); });
    BOOST_TEST(said.rfind(path + ": ", 0) == 0U, said);
    BOOST_TEST(listing(folder.path).empty());
    return said.substr(path.size() + 2);
  }
};

template <class T>
T from_bits(std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t> bits) {
  return std::bit_cast<T>(bits);
}

// NaNs with payloads, quiet and signalling, of both signs; zeros; infinities; the smallest and largest
// numbers.
td::Matrix<float> floats() {
  td::Matrix<float> m(3, 4);
  std::uint32_t bits[] = {0x7fc12345, 0x7f812345, 0xffc00001, 0x80000000, 0,          0x7f800000,
                          0xff800000, 1,          0x807fffff, 0x00800000, 0x7f7fffff, 0x3f800001};
  std::memcpy(m.memptr(), bits, sizeof bits);
  return m;
}
td::Matrix<double> doubles() {
  td::Matrix<double> m(4, 2);
  std::uint64_t bits[] = {0x7ff8123456789abc, 0x7ff0123456789abc, 0xfff8000000000001,
                          0x8000000000000000, 0x7ff0000000000000, 1,
                          0x800fffffffffffff, 0x3ff0000000000001};
  std::memcpy(m.memptr(), bits, sizeof bits);
  return m;
}

template <class T>
td::Matrix<T> counted(td::Index rows, td::Index cols) {
  td::Matrix<T> m(rows, cols);
  for (td::Index i = 0; i < m.n_elem; ++i) m[i] = static_cast<T>(i + 1);
  return m;
}

std::string little_endian(const std::vector<float>& numbers) {
  std::string bytes(4 * numbers.size(), '\0');
  std::memcpy(bytes.data(), numbers.data(), bytes.size());
  return bytes;
}

// A file of 4096 bytes: header and tensors fill half of it each.
std::string four_kilobytes(const std::string& path) {
  td::StateDict state;
  state.add({"w", counted<float>(16, 16)});
  state.add({"v", counted<double>(128, 1), td::Dimensions{128}});
  state.add_words("words", "");
  td::write_safetensors(path, state);
  const std::size_t missing = 4096 - bytes_of(path).size();
  td::StateDict filled;
  for (const auto& entry : state.entries()) filled.add(entry);
  filled.add_words("words", std::string(missing, 'x'));
  td::write_safetensors(path, filled);
  return bytes_of(path);
}

bool refused(const std::string& path) {
  try {
    td::read_safetensors(path);
  } catch (const td::FileError&) {
    return true;
  }
  return false;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(safetensors, SafetensorsFile)

BOOST_AUTO_TEST_CASE(bits_of_all_types_come_back) {
  td::StateDict state;
  state.add({"floats", floats()});
  state.add({"doubles", doubles()});
  state.add({"indices", td::IndexMatrix{{0, 1, std::numeric_limits<td::Index>::max()}}});
  state.add({"vector", counted<float>(5, 1), td::Dimensions{5}});
  state.add({"column", counted<float>(5, 1)});
  state.add({"row", counted<double>(1, 5)});
  state.add({"number", counted<double>(1, 1)});
  state.add_words("a/b",
                  "words with \"quotes\", \\, \n, \x01, \x7f and \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
  state.add_words("empty", "");
  BOOST_TEST(same(round_trip(state), state));
  BOOST_TEST(same(td::import_safetensors(path), state));
}

BOOST_AUTO_TEST_CASE(all_shapes_come_back) {
  const std::vector<td::Index> sizes{0, 1, 2, 3, 17, 1031};
  const auto check = [&]<class T>(T) {
    td::StateDict state;
    for (const td::Index rows : sizes) {
      for (const td::Index cols : sizes) {
        state.add({std::to_string(rows) + "x" + std::to_string(cols), counted<T>(rows, cols)});
      }
      state.add({"vector " + std::to_string(rows), counted<T>(rows, 1), td::Dimensions{rows}});
    }
    BOOST_TEST(same(round_trip(state), state));
  };
  check(float{});
  check(double{});
  check(td::Index{});
}

BOOST_AUTO_TEST_CASE(names_of_every_kind_come_back) {
  td::StateDict state;
  for (const char* name :
       {"fc.weight", "optimizer/steps", "\"", "\\", "{", " ", "\n", "ä€😀", "sha256", "0"}) {
    state.add({name, counted<float>(1, 2)});
  }
  state.add({std::string(512, 'n'), counted<float>(1, 1)});
  state.add({std::string(64, '0'), counted<float>(1, 1)});  // as the checksum stands in the file for a while
  state.add_words(std::string(64, '0'), std::string(64, '0'));
  state.add_words("__metadata__", "is a word here");
  BOOST_TEST(same(round_trip(state), state));
  BOOST_TEST(same(round_trip({}), td::StateDict{}));
}

// To the byte: rows one after the other, the larger elements first, then by name, and a multiple of 8 before
// them.
BOOST_AUTO_TEST_CASE(the_bytes_of_a_file) {
  td::StateDict state;
  state.add({"w", td::Matrix<float>{{1, 2, 3}, {4, 5, 6}}});
  state.add({"b", td::Matrix<float>(arma::fvec{7, 8}), td::Dimensions{2}});
  state.add({"z", td::IndexMatrix{258}});
  state.add({"a", td::Matrix<double>{0.5}});
  state.add_words("k", "v");
  td::write_safetensors(path, state);
  const std::string zeros(64, '0');
  std::string json = R"({"__metadata__":{"sha256":")" + zeros +
                     R"(","k":"v"},"a":{"dtype":"F64","shape":[1,1],"data_offsets":[0,8]},)"
                     R"("z":{"dtype":"I64","shape":[1,1],"data_offsets":[8,16]},)"
                     R"("b":{"dtype":"F32","shape":[2],"data_offsets":[16,24]},)"
                     R"("w":{"dtype":"F32","shape":[2,3],"data_offsets":[24,48]}})";
  json.append((8 - json.size() % 8) % 8, ' ');
  std::string half(8, '\0');
  half[6] = '\xe0';
  half[7] = '\x3f';
  std::string wanted =
      test::safetensors(json, half + eight_bytes(258) + little_endian({7, 8, 1, 2, 3, 4, 5, 6}));
  td::io::Sha256 hash;
  hash.add(std::as_bytes(std::span(wanted)));
  wanted.replace(wanted.find(zeros), 64, hash.hex());
  BOOST_TEST((bytes_of(path) == wanted), bytes_of(path));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_written) {
  const auto with_matrix = [&](const std::string& name) {
    td::StateDict state;
    state.add({name, td::Matrix<float>(1, 1)});
    return writing(state);
  };
  const auto with_words = [&](const std::string& name, const std::string& words) {
    td::StateDict state;
    state.add_words(name, words);
    return writing(state);
  };
  BOOST_TEST(
      with_matrix("__metadata__") ==
      "a matrix of the name \"__metadata__\"; expected another name (files have it for something else)");
  BOOST_TEST(with_matrix("\xff") == "a matrix of the name \"\\xff\"; expected a name in UTF-8");
  BOOST_TEST(with_words("sha256", "") ==
             "words of the name \"sha256\"; expected another name (files have it for something else)");
  BOOST_TEST(with_words("\xc0\x80", "") == "words of the name \"\\xc0\\x80\"; expected a name in UTF-8");
  BOOST_TEST(with_words("a", "\xed\xa0\x80") == "words \"a\" not in UTF-8; expected text in UTF-8");
  BOOST_TEST(with_words("a", std::string(100'000'000, 'x')) ==
             "a header of 100000104 bytes; expected 100000000 at most (there are too many names or words)");
}

BOOST_AUTO_TEST_CASE(other_dtypes_and_ranks_are_imported) {
  const std::string four = R"(,"data_offsets":[0,4]}})";
  const auto u8 = [&](const std::string& shape) {
    return parsed(test::safetensors(R"({"t":{"dtype":"U8","shape":)" + shape + four, "\x01\x02\x03\xff"));
  };
  const td::IndexMatrix square{{1, 2}, {3, 255}};
  BOOST_TEST(same(u8("[2,2]").find("t")->value, square));
  BOOST_TEST(same(u8("[2,1,2]").find("t")->value, square));
  BOOST_TEST(same(u8("[2,2,1,1,1,1,1,1]").find("t")->value, square));
  BOOST_TEST(same(u8("[1,2,2]").find("t")->value, td::IndexMatrix{1, 2, 3, 255}));
  BOOST_TEST(same(u8("[4]").find("t")->value, td::IndexMatrix(arma::uvec{1, 2, 3, 255})));

  const auto number =
      parsed(test::safetensors(R"({"t":{"dtype":"F32","shape":[])" + four, little_endian({7})));
  BOOST_TEST(same(number.find("t")->value, td::Matrix<float>{7}));
  BOOST_TEST(number.find("t")->dimensions->empty());

  const auto i64 = [](std::uint64_t second) {
    return parsed(test::safetensors(R"({"t":{"dtype":"I64","shape":[1,2],"data_offsets":[0,16]}})",
                                    eight_bytes(5) + eight_bytes(second)));
  };
  const td::Index largest = std::numeric_limits<td::Index>::max() / 2;
  BOOST_TEST(same(i64(largest).find("t")->value, td::IndexMatrix{{5, largest}}));
  BOOST_TEST(i64(largest + 1).find("t") == nullptr);
  BOOST_TEST(i64(largest + 1).left_out().at("t") == "of I64 with -9223372036854775808 at its element 1");
}

namespace {

// A tensor "t" of one dimension in 8 bytes.
td::StateDict eight_bytes_of(const std::string& dtype, int count, const std::string& bytes) {
  return parsed(test::safetensors(
      R"({"t":{"dtype":")" + dtype + R"(","shape":[)" + std::to_string(count) + R"(],"data_offsets":[0,8]}})",
      bytes));
}

// 2^(e-15) (1 + f/1024), and 2^-14 f/1024 where e is 0.
float half_value(unsigned bits) {
  const int exponent = static_cast<int>(bits >> 10U & 31U);
  const auto fraction = static_cast<float>(bits & 1023U);
  const float magnitude = exponent == 31  ? (fraction == 0 ? std::numeric_limits<float>::infinity()
                                                           : std::numeric_limits<float>::quiet_NaN())
                          : exponent == 0 ? std::ldexp(fraction, -24)
                                          : std::ldexp(1024 + fraction, exponent - 25);
  return (bits & 0x8000U) != 0 ? -magnitude : magnitude;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_type_of_the_format_is_read_or_left_out) {
  const std::string small("\1\0\2\0\3\0\4\0", 8);
  const auto check = [&](const char* dtype, const arma::uvec& wanted) {
    const td::StateDict state = eight_bytes_of(dtype, static_cast<int>(wanted.n_elem), small);
    BOOST_TEST(same(state.find("t")->value, td::IndexMatrix(wanted)), dtype);
  };
  for (const char* dtype : {"U16", "I16"}) check(dtype, {1, 2, 3, 4});
  for (const char* dtype : {"U32", "I32"}) check(dtype, {131073, 262147});
  for (const char* dtype : {"U8", "I8"}) check(dtype, {1, 0, 2, 0, 3, 0, 4, 0});
  check("BOOL", {1, 0, 1, 0, 1, 0, 1, 0});

  const std::string negative = std::string(6, '\0') + "\xfe\xff";
  const auto left_out = [&](const char* dtype, int count) {
    const td::StateDict state = eight_bytes_of(dtype, count, negative);
    BOOST_TEST(state.entries().empty());
    return state.left_out().at("t");
  };
  BOOST_TEST(left_out("I8", 8) == "of I8 with -2 at its element 6");
  BOOST_TEST(left_out("I16", 4) == "of I16 with -2 at its element 3");
  BOOST_TEST(left_out("I32", 2) == "of I32 with -131072 at its element 1");
  BOOST_TEST(left_out("I64", 1) == "of I64 with -562949953421312 at its element 0");
  BOOST_TEST(left_out("C64", 1) == "of C64");
  for (const char* dtype : {"F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"}) {
    BOOST_TEST(left_out(dtype, 8) == std::string("of ") + dtype);
  }
  BOOST_TEST(left_out("F4", 16) == "of F4");
  BOOST_TEST(complaint<td::FileError>([&] { eight_bytes_of("F6_E2M3", 10, negative); }) ==
             "f: tensor \"t\" of F6_E2M3 [10] ends within a byte; expected whole bytes");
}

BOOST_AUTO_TEST_CASE(all_halves_are_read_exactly) {
  std::string bytes(1U << 17U, '\0');
  for (unsigned i = 0; i < 1U << 16U; ++i) {
    bytes[2 * i] = static_cast<char>(i);
    bytes[2 * i + 1] = static_cast<char>(i >> 8U);
  }
  const auto read = [&](const std::string& dtype) {
    const auto state = parsed(test::safetensors(
        R"({"t":{"dtype":")" + dtype + R"(","shape":[65536],"data_offsets":[0,131072]}})", bytes));
    return std::get<td::Matrix<float>>(state.find("t")->value);
  };
  const td::Matrix<float> f16 = read("F16");
  const td::Matrix<float> bf16 = read("BF16");
  int wrong = 0;
  for (unsigned i = 0; i < 1U << 16U; ++i) {
    const float wanted = half_value(i);
    const bool same_f16 = std::isnan(wanted)
                              ? std::isnan(f16[i])
                              : std::bit_cast<unsigned>(f16[i]) == std::bit_cast<unsigned>(wanted);
    wrong += !same_f16 || std::bit_cast<unsigned>(bf16[i]) != i << 16U;
  }
  BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(a_tensor_goes_out_as_it_came_in) {
  const std::string json = R"({"t":{"dtype":"F32","shape":[2,3,2,2],"data_offsets":[0,96]},)"
                           R"("u":{"dtype":"F32","shape":[],"data_offsets":[96,100]}})";
  std::vector<float> numbers(25);
  std::iota(numbers.begin(), numbers.end(), 0.F);
  std::string buffer(100, '\0');
  std::memcpy(buffer.data(), numbers.data(), 100);
  const td::StateDict state = parsed(test::safetensors(json, buffer));
  const auto& m = std::get<td::Matrix<float>>(state.find("t")->value);
  BOOST_TEST((td::shape_of(m) == td::Shape{2, 12}));
  BOOST_TEST(m(1, 5) == 17);
  BOOST_TEST(same(round_trip(state), state));
  BOOST_TEST(contains(bytes_of(path), R"("t":{"dtype":"F32","shape":[2,3,2,2],"data_offsets":[0,96]})"));
  BOOST_TEST(contains(bytes_of(path), R"("u":{"dtype":"F32","shape":[],"data_offsets":[96,100]})"));
  BOOST_TEST(bytes_of(path).substr(bytes_of(path).size() - 100) == buffer);
}

// Old PyTorch reads no U64: an Index is the I64 with the same bits. In a file that has no checksum of ours,
// those of 2^63 and more are negative numbers.
BOOST_AUTO_TEST_CASE(indices_beyond_i64_come_back) {
  td::StateDict state;
  state.add({"seed", td::IndexMatrix{std::numeric_limits<td::Index>::max(), td::Index{1} << 63U}});
  BOOST_TEST(same(round_trip(state), state));
  BOOST_TEST(same(td::import_safetensors(path), state));
  BOOST_TEST(!contains(bytes_of(path), "U64"));
  const auto u64 = parsed(test::safetensors(R"({"t":{"dtype":"U64","shape":[1],"data_offsets":[0,8]}})",
                                            eight_bytes(std::numeric_limits<td::Index>::max())));
  BOOST_TEST(std::get<td::IndexMatrix>(u64.find("t")->value)[0] == std::numeric_limits<td::Index>::max());
}

BOOST_AUTO_TEST_CASE(metadata_that_are_null_are_none) {
  const auto state = parsed(test::safetensors(
      R"({"__metadata__":null,"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", little_endian({3})));
  BOOST_TEST(state.words().empty());
  BOOST_TEST(same(state.find("t")->value, td::Matrix<float>{3}));
}

BOOST_AUTO_TEST_CASE(long_rows_and_columns_come_back) {
  td::StateDict
      state;  // rows longer than what is read at once, whole rows of it, and columns that are not tiles
  state.add({"long rows", counted<double>(3, 300'001)});
  state.add({"long columns", counted<double>(300'001, 3)});
  state.add({"pieces", counted<float>(17, 70'001)});
  BOOST_TEST(same(round_trip(state), state));
}

BOOST_AUTO_TEST_CASE(tensors_come_as_they_lie_in_the_file) {
  const auto state = parsed(test::safetensors(R"({"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},)"
                                              R"("e":{"shape":[0,3],"dtype":"F64","data_offsets":[4,4]},)"
                                              R"("a":{"data_offsets":[0,4],"dtype":"F32","shape":[1]}}   )",
                                              little_endian({1, 2})));
  BOOST_REQUIRE(state.entries().size() == 3U);
  BOOST_TEST(state.entries()[0].name == "a");
  BOOST_TEST(state.entries()[1].name == "e");
  BOOST_TEST(state.entries()[2].name == "b");
  BOOST_TEST(same(state.entries()[2].value, td::Matrix<float>{2}));
}

BOOST_AUTO_TEST_CASE(a_checksum_is_demanded_or_looked_at) {
  const std::string json =
      R"({"__metadata__":{"format":"pt"},"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
  put_bytes(path, test::safetensors(json, little_endian({3})));
  BOOST_TEST(complaint<td::FileError>([&] { td::read_safetensors(path); }) ==
             path +
                 ": no \"sha256\" in its metadata; expected the checksum of the file (import_safetensors "
                 "reads files "
                 "of others)");
  const td::StateDict state = td::import_safetensors(path);
  BOOST_TEST(*state.find_words("format") == "pt");
  BOOST_TEST(same(state.find("t")->value, td::Matrix<float>{3}));

  td::write_safetensors(path, state);
  std::string bytes = bytes_of(path);
  const std::size_t at = bytes.find("sha256") + 9;
  const std::string digits = bytes.substr(at, 64);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  put_bytes(path, bytes);
  for (const auto read : {td::read_safetensors, td::import_safetensors}) {
    const std::string said = complaint<td::FileError>([&] { read(path); });
    BOOST_TEST(said.rfind(path + ": its bytes have the SHA-256 ", 0) == 0U, said);
    BOOST_TEST(
        contains(said, "; expected " + digits + ", as it says itself (the file was damaged or changed)"),
        said);
  }
  const td::StateDict unverified = parsed(bytes, td::io::Checksum::ignored);
  BOOST_TEST(unverified.entries().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_truncated_file_is_refused_wherever_it_ends) {
  const std::string bytes = four_kilobytes(path);
  BOOST_REQUIRE(bytes.size() == 4096U);
  BOOST_REQUIRE(!refused(path));
  Evidence evidence(Promise::files, "a safetensors file of 4096 bytes, cut at every byte");
  evidence.outcome("all refused");
  for (std::size_t size = bytes.size(); size-- > 0;) {
    std::filesystem::resize_file(path, size);
    BOOST_TEST(refused(path), "of " << size << " bytes");
    evidence.tried();
  }
  put_bytes(path, bytes + '\0');
  BOOST_TEST(refused(path));
}

BOOST_AUTO_TEST_CASE(a_flipped_bit_is_noticed_wherever_it_is) {
  std::string bytes = four_kilobytes(path);
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  const auto put = [&](std::size_t at, char byte) {
    file.seekp(static_cast<std::streamoff>(at));
    file.put(byte);
    file.flush();
  };
  Evidence evidence(Promise::files, "a safetensors file of 4096 bytes, each bit flipped");
  evidence.outcome("all refused");
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      put(at, static_cast<char>(static_cast<unsigned char>(bytes[at]) ^ 1U << bit));
      BOOST_TEST(refused(path), "bit " << bit << " of byte " << at);
      evidence.tried();
    }
    put(at, bytes[at]);
  }
  BOOST_TEST(!refused(path));
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
