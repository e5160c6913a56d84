// Reading tables of numbers, 50 MB of text, from files that the system holds in memory.

#include "tapedeck/io/csv.hpp"

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "tapedeck/core/random.hpp"

namespace bench {
namespace {

namespace td = tapedeck;

constexpr int columns = 20;

// Rows of normal numbers of so many digits.
std::string rows(int digits) {
  const td::Random random(1);
  std::string text;
  for (std::uint64_t row = 0; row < 1000; ++row) {
    for (std::uint64_t column = 0; column < columns; ++column) {
      char number[64];
      const auto end = std::to_chars(number, number + sizeof number, random.normal(row, column),
                                     std::chars_format::general, digits);
      text.append(number, end.ptr);
      text += column + 1 < columns ? ',' : '\n';
    }
  }
  return text;
}

// A file that is gone when this is.
class Table {
 public:
  explicit Table(int digits) {
    const std::string block = rows(digits);
    std::ofstream out(path_, std::ios::binary);
    for (; size_ < 50'000'000; size_ += block.size()) out << block;
  }
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;
  ~Table() { std::filesystem::remove(path_); }

  const std::string& path() const { return path_; }
  std::size_t size() const { return size_; }

 private:
  std::string path_ =
      std::filesystem::temp_directory_path() / ("tapedeck-bench-" + std::to_string(getpid()) + ".csv");
  std::size_t size_ = 0;
};

template <class Read>
void read(benchmark::State& state, Read action) {
  const Table table(static_cast<int>(state.range(0)));
  for (auto _ : state) action(table.path());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(table.size()));
}

void csv(benchmark::State& state) {
  read(state,
       [](const std::string& path) { benchmark::DoNotOptimize(td::read_csv(path, {.header = false})); });
}
BENCHMARK(csv)->Name("io/csv")->ArgName("digits")->Arg(4)->Arg(9)->Arg(17)->Unit(benchmark::kMillisecond);

// What a user of Armadillo has without us.
void armadillo(benchmark::State& state) {
  read(state, [](const std::string& path) {
    arma::mat x;
    x.load(path, arma::csv_ascii);
    benchmark::DoNotOptimize(std::as_const(x));
  });
}
BENCHMARK(armadillo)->Name("armadillo/csv")->ArgName("digits")->Arg(4)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace bench
