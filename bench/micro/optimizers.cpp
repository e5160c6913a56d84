// A step of each optimizer on n parameters in eight matrices, all with a gradient; and what else is done
// between backward and the next pass. Bytes: each number read or written, once; an optimizer's step reads a
// parameter and its gradient, writes the parameter, and reads and writes what is remembered.

#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "sizes.hpp"
#include "tapedeck/optim/adagrad.hpp"
#include "tapedeck/optim/adam.hpp"
#include "tapedeck/optim/clipping.hpp"
#include "tapedeck/optim/rmsprop.hpp"
#include "tapedeck/optim/sgd.hpp"

namespace bench {
namespace {

void give_gradients(td::ParameterStore& store, td::Index n) {
  std::vector<td::Parameter> parameters;
  for (td::Index i = 0; i < 8; ++i) {
    parameters.push_back(
        store.scope("layer_" + std::to_string(i)).add("weight", {n / 8, 1}, td::fan_in_uniform()));
  }
  td::with_scalar(store.scalar(), [&]<class T>(T) {
    for (const td::Parameter p : parameters) {
      store.gradients().set(p, td::detail::ordinary_numbers<T>({n / 8, 1}, p.slot()));
    }
  });
}

// `touches`: how often a step reads or writes a number for each parameter.
template <class Step>
void time_step(benchmark::State& state, td::Index n, td::Scalar scalar, td::Index touches, const Step& make) {
  td::ParameterStore store({.seed = 1, .scalar = scalar});
  give_gradients(store, n);
  const auto step = make(store);
  for (auto _ : state) {
    step();
    benchmark::ClobberMemory();
  }
  const auto times = [&](td::Index k) { return state.iterations() * static_cast<std::int64_t>(k); };
  state.SetItemsProcessed(times(n));
  state.SetBytesProcessed(times(n * touches * td::size_in_bytes(scalar)));
}

template <class Step>
void add(const std::string& name, td::Index touches, const Step& make) {
  for (const td::Index n : {1000U, 100'000U, 10'000'000U}) {
    for (const auto& [scalar, word] : {std::pair{td::f32, "f32"}, std::pair{td::f64, "f64"}}) {
      const std::string full = "step/" + name + "/" + std::to_string(n) + "/" + word;
      benchmark::RegisterBenchmark(
          full.c_str(), [=, s = scalar](benchmark::State& state) { time_step(state, n, s, touches, make); });
    }
  }
}

template <class O>
auto optimizer(const typename O::Options& options = {}) {
  return [=](td::ParameterStore& store) { return [o = std::make_shared<O>(store, options)] { o->step(); }; };
}

const auto steps = [] {
  add("SGD", 3, optimizer<td::SGD>({.learning_rate = 1e-6}));
  add("SGD:momentum", 5, optimizer<td::SGD>({.learning_rate = 1e-6, .momentum = 0.9}));
  add("Adam", 7, optimizer<td::Adam>());
  add("AdamW", 7, optimizer<td::AdamW>());
  add("RMSprop", 5, optimizer<td::RMSprop>());
  add("Adagrad", 5, optimizer<td::Adagrad>());
  add("clip_norm", 1, [](td::ParameterStore& store) {
    return [&store] { benchmark::DoNotOptimize(td::clip_norm(store, 1e30)); };
  });
  add("all_finite", 1, [](td::ParameterStore& store) {
    return [&store] { benchmark::DoNotOptimize(store.gradients().all_finite()); };
  });
  add("add_gradients", 3, [](td::ParameterStore& store) {
    const auto shard = std::make_shared<td::Gradients>(store.gradients());
    return [&store, shard] { store.gradients() += *shard; };
  });
  add("blend", 3, [](td::ParameterStore& store) {
    const auto average = std::shared_ptr<td::ParameterStore>(new td::ParameterStore(store.copy()));
    return [&store, average] { average->blend(store, 0.01); };
  });
  add("clip_value", 2, [](td::ParameterStore& store) { return [&store] { td::clip_value(store, 1e30); }; });
  return true;
}();

}  // namespace
}  // namespace bench
