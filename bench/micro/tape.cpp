// The tape alone: what it costs to open one, to record and to replay.

#include "tapedeck/tape/tape.hpp"

#include <benchmark/benchmark.h>

#include <chrono>

#include "tapedeck/tape/memory.hpp"
#include "tapedeck/tape/op.hpp"

namespace bench {
namespace {

namespace td = tapedeck;

// y = x, one number: next to no work, so that what is left is the tape's
struct TrivialOp {
  static constexpr auto name = "trivial";
  static constexpr td::Signature signature = "x(1,1) -> y(1,1)";
  void forward(auto& y, const auto& x) const { y[0] = x[0]; }
  void vjp(auto& dx, const auto& dy) const { dx.accumulate()[0] += dy[0]; }
};

struct Chain {
  td::ParameterStore store;
  td::Memory memory;
  td::Matrix<float> one = td::Matrix<float>(1, 1, arma::fill::ones);

  td::Value record(td::Tape& tape, std::int64_t n) const {
    td::Value v = tape.variable(one);
    for (std::int64_t i = 0; i < n; ++i) v = td::apply(TrivialOp{}, v);
    return v;
  }
};

void count_records(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["per_record"] =
      benchmark::Counter(static_cast<double>(state.range(0)),
                         benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

// A tape opened, a chain of n records made, the tape ended.
void record(benchmark::State& state) {
  Chain chain;
  for (auto _ : state) {
    td::Tape tape(chain.store, chain.memory);
    benchmark::DoNotOptimize(chain.record(tape, state.range(0)));
  }
  count_records(state);
}
BENCHMARK(record)->Name("tape/record")->ArgName("n")->Arg(1000);

// Its backward.
void replay(benchmark::State& state) {
  using Clock = std::chrono::steady_clock;
  Chain chain;
  for (auto _ : state) {
    td::Tape tape(chain.store, chain.memory);
    const td::Value y = chain.record(tape, state.range(0));
    const auto start = Clock::now();
    tape.backward(y);
    state.SetIterationTime(std::chrono::duration<double>(Clock::now() - start).count());
  }
  count_records(state);
}
BENCHMARK(replay)->Name("tape/replay")->ArgName("n")->Arg(1000)->UseManualTime();

// A tape opened on a store of n parameters, and ended.
void open(benchmark::State& state) {
  td::ParameterStore store;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    store.scope("layer_" + std::to_string(i)).add("weight", {2, 2}, td::ones);
  }
  td::Memory memory;
  for (auto _ : state) {
    const td::Tape tape(store, memory);
    benchmark::DoNotOptimize(tape.mark());
  }
}
BENCHMARK(open)->Name("tape/open")->ArgName("parameters")->Arg(0)->Arg(8)->Arg(100);

}  // namespace
}  // namespace bench
