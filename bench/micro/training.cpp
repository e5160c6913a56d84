// Whole steps of training, to hold their parts against: a batch gathered, forward, cross-entropy, backward,
// SGD. Every step sees another batch, as in training: on one and the same, branches would cost nothing. Items
// are samples.

#include <benchmark/benchmark.h>

#include <string>
#include <utility>
#include <vector>

#include "sizes.hpp"
#include "tapedeck/data/batches.hpp"
#include "tapedeck/layers/activation.hpp"
#include "tapedeck/layers/linear.hpp"
#include "tapedeck/layers/sequential.hpp"
#include "tapedeck/ops/loss.hpp"
#include "tapedeck/optim/sgd.hpp"

namespace bench {
namespace {

using Widths = std::vector<td::Index>;

td::Sequential network(td::ParameterStore& store, const Widths& widths) {
  std::vector<td::Sequential::Item> layers;
  for (std::size_t i = 1; i < widths.size(); ++i) {
    if (i > 1) layers.emplace_back(td::Tanh{});
    layers.emplace_back(td::Linear{store.scope("fc_" + std::to_string(i)), widths[i - 1], widths[i]});
  }
  return td::Sequential{layers};
}

template <class T>
void time_training(benchmark::State& state, const Widths& widths, td::Index batch) {
  td::ParameterStore store({.seed = 1, .scalar = td::scalar_of<T>});
  const td::Sequential model = network(store, widths);
  td::SGD optimizer{store, {.learning_rate = 1e-6}};
  const td::Shape all{widths.front(), 10'000};
  const td::Dataset data(td::detail::ordinary_numbers<T>(all, 1), labels({widths.back(), all.cols}));
  const td::Batches batches = td::batches(data, {.size = batch, .shuffle = {1, 1}, .drop_last = true});
  td::Index next = 0;
  td::Memory memory;
  for (auto _ : state) {
    const td::Batch one = batches[next];
    next = (next + 1) % batches.size();
    td::Tape tape(store, memory);
    const td::Value loss = td::cross_entropy(model(tape.gather(one.x)), one.y, td::batch_mean);
    store.zero_grad();
    tape.backward(loss);
    optimizer.step();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(batch));
}

const auto trainings = [] {
  const auto add = [](const Widths& widths, td::Index batch) {
    std::string name = "training";
    for (std::size_t i = 0; i < widths.size(); ++i) {
      name.append(i == 0 ? "/" : "-").append(std::to_string(widths[i]));
    }
    name.append("/batch:").append(std::to_string(batch));
    benchmark::RegisterBenchmark((name + "/f32").c_str(), time_training<float>, widths, batch);
    benchmark::RegisterBenchmark((name + "/f64").c_str(), time_training<double>, widths, batch);
  };
  add({2, 25, 25, 25, 2}, 1);
  add({2, 25, 25, 25, 2}, 50);
  add({25, 25, 25, 25}, 50);
  add({256, 256, 256}, 256);
  add({784, 128, 10}, 64);
  return true;
}();

}  // namespace
}  // namespace bench
