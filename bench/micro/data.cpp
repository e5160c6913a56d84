// Batches: putting one into random order, and copying it onto a tape.

#include <benchmark/benchmark.h>

#include <string>

#include "sizes.hpp"
#include "tapedeck/data/batches.hpp"

namespace bench {
namespace {

td::Dataset dataset(td::Index features, td::Index samples, td::Scalar scalar) {
  return td::Dataset(td::detail::ordinary_numbers<double>({features, samples}, 1),
                     td::detail::ordinary_numbers<double>({1, samples}, 2))
      .converted(scalar);
}

// Opening a tape, and a shuffled batch out of 10,000 samples.
void gather(benchmark::State& state, td::Shape size, td::Scalar scalar) {
  const td::Dataset data = dataset(size.rows, 10'000, scalar);
  const td::Batches batches = td::batches(data, {.size = size.cols, .shuffle = {1, 1}});
  td::ParameterStore store({.seed = 1, .scalar = scalar});
  td::Memory memory;
  td::Index next = 0;
  for (auto _ : state) {
    td::Tape tape(store, memory);
    benchmark::DoNotOptimize(tape.gather(batches[next].x));
    next = (next + 1) % batches.size();
  }
  const auto times = [&](td::Index k) { return state.iterations() * static_cast<std::int64_t>(k); };
  state.SetItemsProcessed(times(size.size()));
  state.SetBytesProcessed(times(2 * size.size() * td::size_in_bytes(scalar)));
}

// What an epoch begins with: n samples put into random order.
void shuffle(benchmark::State& state) {
  const td::Dataset data = dataset(1, static_cast<td::Index>(state.range(0)), td::f32);
  int epoch = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(td::batches(data, {.size = 50, .shuffle = {1, epoch++}}));
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(shuffle)->Name("data/shuffle")->ArgName("n")->Arg(10'000);

const auto gathers = [] {
  for (const td::Shape size : {td::Shape{2, 50}, td::Shape{784, 64}}) {
    for (const auto& [scalar, word] : {std::pair{td::f32, "/f32"}, std::pair{td::f64, "/f64"}}) {
      benchmark::RegisterBenchmark(("data/gather/" + td::to_string(size) + word).c_str(), gather, size,
                                   scalar);
    }
  }
  return true;
}();

}  // namespace
}  // namespace bench
