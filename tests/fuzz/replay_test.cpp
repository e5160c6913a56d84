// What libFuzzer begins with, without it: every file of the corpora, cut at every byte, and with each bit
// flipped.

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <string>

#include "fuzz/targets.hpp"
#include "io/state_files.hpp"
#include "support/evidence.hpp"
#include "support/folders.hpp"

BOOST_AUTO_TEST_SUITE(io)
BOOST_AUTO_TEST_SUITE(fuzz_)

namespace {

struct Reader {
  const char* name;
  void (*read)(std::string_view bytes);
};
constexpr Reader readers[] = {{"csv", fuzz::csv}, {"idx", fuzz::idx}, {"safetensors", fuzz::safetensors}};

}  // namespace

BOOST_AUTO_TEST_CASE(the_corpora_and_all_that_is_one_step_from_them) {
  for (const auto& [name, read] : readers) {
    test::Evidence evidence(test::Promise::fuzzing, "the corpus of " + std::string(name) +
                                                        ", each file cut at every byte, each bit flipped");
    evidence.outcome("no finding");
    const auto attempt = [&, read = read](std::string_view bytes) {
      BOOST_CHECK_NO_THROW(read(bytes));
      evidence.tried();
    };
    long files = 0;
    for (const auto& file :
         std::filesystem::directory_iterator(test::source_dir + "/tests/fuzz/corpus/" + name)) {
      BOOST_TEST_CONTEXT(file.path()) {
        std::string bytes = test::bytes_of(file.path());
        for (std::size_t size = 0; size <= bytes.size(); ++size)
          attempt(std::string_view(bytes).substr(0, size));
        for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
          const auto flip = static_cast<char>(1U << bit % 8);
          bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ flip);
          attempt(bytes);
          bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ flip);
        }
        ++files;
      }
    }
    BOOST_TEST(files >= 5, name);
  }
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
