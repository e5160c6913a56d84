#pragma once

/// @file
/// What Trainers are tried on.

#include <cstdint>
#include <vector>

#include "param/support.hpp"
#include "tapedeck/tapedeck.hpp"

namespace test {

namespace td = tapedeck;

/// A classifier in which everything has a state: running statistics, random masks, an optimizer's memory.
struct Classifier {
  explicit Classifier(std::uint64_t seed = 3, td::Scalar scalar = td::f32)
      : store({.seed = seed, .scalar = scalar}) {}

  td::ParameterStore store;
  td::Sequential model{td::Linear{store.scope("fc_1"), 2, 9}, td::BatchNorm{store.scope("norm"), 9},
                       td::ReLU{}, td::Dropout{{.probability = 0.2}}, td::Linear{store.scope("fc_2"), 9, 2}};
  td::Adam optimizer{store, {.learning_rate = 0.01}};
  td::Trainer trainer{store, model, optimizer, td::CrossEntropyLoss{td::batch_mean}};
};

inline bool same_state(Classifier& a, Classifier& b) {
  return same_bits(a.store.values(), b.store.values()) && same_bits(a.store.buffers(), b.store.buffers());
}

/// Whether gradients are as after zero_grad, and no statistics wait to be committed.
inline bool nothing_pending(Classifier& c) {
  const td::FlatBuffer values = c.store.values();
  const td::FlatBuffer buffers = c.store.buffers();
  bool untouched = true;
  for (const td::ParameterView& p : c.store.parameters()) {
    untouched = untouched && !c.store.gradients().touched(p.handle());
  }
  c.store.gradients().commit_statistics(c.store.buffers());
  return untouched && same_bits(c.store.values(), values) && same_bits(c.store.buffers(), buffers);
}

/// What Trainer::fit does, in the words of its parts. Gives the loss of each epoch.
inline std::vector<double> fit_by_hand(Classifier& c, const td::Dataset& data, td::Index epochs,
                                       td::Index batch_size, td::Index most_steps = 1000,
                                       bool drop_last = false) {
  std::vector<double> losses;
  td::Memory memory;
  std::uint64_t step = 0;
  for (td::Index epoch = 0; epoch < epochs; ++epoch) {
    double sum = 0;
    td::Index samples = 0;
    for (const td::Batch& batch : td::batches(
             data, {.size = batch_size, .shuffle = {c.store.seed(), epoch}, .drop_last = drop_last})) {
      if (step == most_steps) return losses;
      td::Tape tape{c.store, memory, {.step = step++}};
      const td::Value loss = td::cross_entropy(c.model(tape.gather(batch.x)), batch.y, td::batch_mean);
      sum += loss.item() * static_cast<double>(batch.size());
      samples += batch.size();
      c.store.zero_grad();
      tape.backward(loss);
      c.optimizer.step();
    }
    losses.push_back(sum / static_cast<double>(samples));
  }
  return losses;
}

/// y = W x + b by one layer, its loss the squared error.
struct Line {
  explicit Line(td::Scalar scalar = td::f64) : store({.seed = 2, .scalar = scalar}) {}

  td::ParameterStore store;
  td::Linear layer{store.scope("fc"), 2, 1};
  td::SGD optimizer{store, {.learning_rate = 0.1}};
  td::Trainer trainer{store, layer, optimizer, td::MSELoss{td::batch_mean}};
};

/// Samples on the line y = x_0 - 2 x_1 + 0.5.
inline td::Dataset line(td::Index samples) {
  const arma::mat x = td::disk(samples, 4).x<double>();
  const arma::mat y = x.row(0) - 2 * x.row(1) + 0.5;
  return {x, y};
}

/// The same samples, but for one feature of one of them.
inline td::Dataset with(const td::Dataset& data, td::Index feature, td::Index sample, double value) {
  arma::mat x = data.x<double>();
  x(feature, sample) = value;
  return {x, data.y()};
}

inline td::Dataset first(const td::Dataset& data, td::Index samples) {
  std::vector<td::Index> positions(samples);
  for (td::Index i = 0; i < samples; ++i) positions[i] = i;
  return data.subset(positions);
}

}  // namespace test
