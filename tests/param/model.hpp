#pragma once

#include <string>
#include <vector>

#include "tapedeck/layers/linear.hpp"
#include "tapedeck/param/parameter_store.hpp"

namespace test {

namespace td = tapedeck;

/// Two layers and a running mean: weights and biases take turns.
struct Model {
  explicit Model(td::ParameterStore::Options options = {.seed = 7, .scalar = td::f64}) : store(options) {}

  td::ParameterStore store;
  td::Linear fc_1{store.scope("encoder.fc_1"), 3, 5};
  td::Linear fc_2{store.scope("encoder.fc_2"), 5, 2};
  td::Buffer mean = store.add_buffer("encoder.mean", {2, 1}, 0.5);

  /// Changes all there is to change.
  void disturb() {
    for (const td::ParameterView& p : store.parameters()) {
      p.value<double>().fill(3);
      store.gradients().set(p.handle(), p.value<double>());
    }
    store.buffer<double>(mean).fill(4);
    store.gradients().record_statistic(mean.slot(), store.buffer<double>(mean), 0.5);
  }
};

using Names = std::vector<std::string>;

inline Names names(td::ParameterStore& store) {
  Names all;
  for (const td::ParameterView& p : store.parameters()) all.push_back(p.name());
  return all;
}

inline Names frozen_names(td::ParameterStore& store) {
  Names all;
  for (const td::ParameterView& p : store.parameters()) {
    if (p.frozen()) all.push_back(p.name());
  }
  return all;
}

}  // namespace test
