// How much memory files take at most while they are written and read.

#include "support/sanitizers.hpp"

#if !defined(TEST_SANITIZED) && defined(__linux__)

#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "io/state_files.hpp"
#include "support/evidence.hpp"
#include "support/temporary_folder.hpp"
#include "tapedeck/io/csv.hpp"
#include "tapedeck/io/idx.hpp"
#include "tapedeck/io/safetensors.hpp"
#include "tapedeck/io/weights.hpp"
#include "tapedeck/param/parameter_store.hpp"

namespace td = tapedeck;
using namespace test;

BOOST_AUTO_TEST_SUITE(io)

namespace {

// Returns a field of /proc/self/status that is in kilobytes.
long kilobytes(const std::string& field) {
  std::ifstream file("/proc/self/status");
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with(field + ":")) return std::stol(line.substr(field.size() + 1));
  }
  return 0;
}

// Returns by how many megabytes a process of its own grows, at its largest, while it takes the action. It
// takes it twice and measures the second time: at first the pages of its code are mapped too, some at a time.
long growth(const std::function<void()>& action) {
  const pid_t child = fork();
  BOOST_REQUIRE(child >= 0);
  if (child == 0) {
    action();
    malloc_trim(0);                               // what was freed and kept would be used first
    std::ofstream("/proc/self/clear_refs") << 5;  // the largest size so far is the present one, see proc(5)
    const long before = kilobytes("VmRSS");
    action();
    _exit(static_cast<int>((kilobytes("VmHWM") - before) >> 10));
  }
  int status = 0;
  BOOST_REQUIRE(waitpid(child, &status, 0) == child);
  BOOST_REQUIRE(WIFEXITED(status));
  return WEXITSTATUS(status);
}

// What it takes to make 64 MB, and how much that is allowed to be.
void require_growth(const std::string& what, long most, const std::function<void()>& action) {
  Evidence evidence(Promise::files, "memory of " + what);
  const long used = growth(action);
  BOOST_TEST(used >= 64, what << ": " << used << " MB");
  BOOST_TEST(used <= most, what << ": " << used << " MB");
  evidence.outcome(std::to_string(used) + " MB, and at most " + std::to_string(most));
  evidence.tried();
}

td::StateDict large_state() {
  td::StateDict state;
  state.add({"w", td::Matrix<float>(2048, 4096, arma::fill::ones)});
  for (const char* name : {"m", "n", "o", "p"})
    state.add({name, td::Matrix<double>(1024, 512, arma::fill::ones)});
  state.add({"i", td::IndexMatrix(1 << 21, 1, arma::fill::ones), td::Dimensions{1 << 21}});
  return state;
}

struct OneFile {
  TemporaryFolder folder;
  std::string path = folder.path / "file";
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(memory, OneFile)

BOOST_AUTO_TEST_CASE(a_safetensors_file_takes_twice_its_size_and_a_little) {
  require_growth("64 MB of state, made and saved", 2 * 64 + 16,
                 [&] { td::write_safetensors(path, large_state()); });
  BOOST_TEST((std::filesystem::file_size(path) >> 20U) == 64U);
  require_growth("64 MB of state, loaded", 2 * 64 + 16, [&] { td::read_safetensors(path); });
}

BOOST_AUTO_TEST_CASE(weights_take_the_store_and_at_most_the_file) {
  td::ParameterStore store;
  store.add("w", {4096, 4096}, td::constant(0.25));
  store.values().data<float>()[0] = 1;
  Evidence evidence(Promise::files, "memory of 64 MB of weights, saved");
  const long used = growth([&] { td::save_weights(path, store); });
  BOOST_TEST(used <= 8);
  evidence.outcome(std::to_string(used) + " MB above the store, and at most 8");
  evidence.tried();
  td::save_weights(path, store);
  BOOST_TEST((std::filesystem::file_size(path) >> 20U) == 64U);
  require_growth("64 MB of weights, loaded into a store that is there", 64 + 8,
                 [&] { td::load_weights(path, store); });
}

BOOST_AUTO_TEST_CASE(a_table_takes_its_numbers_and_a_little) {
  constexpr long rows = 1 << 16;  // of 128 numbers
  std::string row = "1";
  for (int column = 1; column < 128; ++column) row += column % 2 == 0 ? ",1" : ",2.5";
  std::ofstream file(path);
  for (long i = 0; i < rows; ++i) file << row << '\n';
  file.close();
  require_growth("a CSV file of 64 MB of numbers", 64 + 4, [&] {  // 1 MB to read, and whole pages of 2 MB
    td::read_csv(path, {.header = false, .targets = {0, 5}});
  });
}

BOOST_AUTO_TEST_CASE(a_table_of_class_labels_takes_no_more) {
  std::ofstream file(path);
  for (long i = 0; i < 1 << 22; ++i) file << (i % 2 == 0 ? "1,a\n" : "2,b\n");
  file.close();
  require_growth("a CSV file of 32 MB of numbers and 32 MB of labels", 64 + 6,
                 [&] { td::read_csv(path, {.header = false, .targets = {1}, .classification = true}); });
}

// Two fifths of the rows are left out; memory was asked for as much as all of them need.
BOOST_AUTO_TEST_CASE(a_table_in_float_takes_its_numbers_and_a_little) {
  constexpr long rows = 1 << 17;  // of 128 numbers, which are taken
  const auto row_of = [](const std::string& first) {
    std::string row = first;
    for (int column = 1; column < 128; ++column) row += column % 2 == 0 ? ",1" : ",2.5";
    return row + "\n";
  };
  std::ofstream file(path);
  for (long i = 0; i < rows; ++i) {
    file << row_of("1600000000");
    if (i % 3 != 0) file << row_of("NA");
  }
  file.close();
  require_growth("a CSV file of 64 MB of numbers in float, 40 % of its rows left out", 64 + 5, [&] {
    td::read_csv(path, {.header = false,
                        .missing = td::Missing::skip_row,
                        .text_features = true,
                        .missing_texts = {"NA"},
                        .scalar = td::f32,
                        .subtract_first = true});
  });
}

BOOST_AUTO_TEST_CASE(images_take_their_size_and_a_little) {
  {
    std::ofstream file(path, std::ios::binary);
    file << std::string("\0\0\x0d\x02\0\0\x40\0\0\0\x04\0", 12) << std::string(1 << 26, '\1');
  }
  require_growth("an IDX file of 64 MB of float", 64 + 2, [&] { td::read_idx(path); });
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()

#endif
