#pragma once

/// @file
/// The networks of the reports, and how they are trained.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tapedeck/tapedeck.hpp"

namespace test {

namespace td = tapedeck;

using Model = std::function<td::Sequential(td::ParameterStore&)>;
using Rule = std::function<std::unique_ptr<td::Optimizer>(td::ParameterStore&)>;

struct Workload {
  std::string name;
  td::Dataset (*data)(td::Index samples);
  Model model;
  td::Trainer::Loss loss;
  Rule rule;
};

// Data of two features: classes; one output for each of them; one output for both, 0 or 1.

inline td::Dataset labels(td::Index samples) { return td::disk(samples, 1); }
inline td::Dataset one_per_class(td::Index samples) {
  const td::Dataset points = td::disk(samples, 1);
  return {points.x(), td::one_hot(points.labels(), 2)};
}
inline td::Dataset zero_or_one(td::Index samples) {
  const td::Dataset points = td::ring(samples, 1);
  return {points.x(), arma::conv_to<arma::mat>::from(points.labels())};
}

// Networks of 2 inputs and three hidden layers of 25.

template <class Activation>
Model three_hidden(td::Index outputs, Activation activation) {
  return [=](td::ParameterStore& store) {
    return td::Sequential{td::Linear{store.scope("fc_1"), 2, 25},      activation,
                          td::Linear{store.scope("fc_2"), 25, 25},     activation,
                          td::Linear{store.scope("fc_3"), 25, 25},     activation,
                          td::Linear{store.scope("fc_4"), 25, outputs}};
  };
}

inline td::Sequential with_dropout(td::ParameterStore& store) {
  const td::Dropout drop{{.probability = 0.5}};
  return {td::Linear{store.scope("fc_1"), 2, 25},  td::ReLU{}, drop,
          td::Linear{store.scope("fc_2"), 25, 25}, td::ReLU{}, drop,
          td::Linear{store.scope("fc_3"), 25, 25}, td::ReLU{}, drop,
          td::Linear{store.scope("fc_4"), 25, 2}};
}

inline td::Sequential with_batch_norm(td::ParameterStore& store) {
  return {td::Linear{store.scope("fc_1"), 2, 25},  td::ReLU{}, td::BatchNorm{store.scope("bn_1"), 25},
          td::Linear{store.scope("fc_2"), 25, 25}, td::ReLU{}, td::BatchNorm{store.scope("bn_2"), 25},
          td::Linear{store.scope("fc_3"), 25, 25}, td::ReLU{}, td::BatchNorm{store.scope("bn_3"), 25},
          td::Linear{store.scope("fc_4"), 25, 2}};
}

inline td::Sequential tanh_then_sigmoid(td::ParameterStore& store) {
  return {td::Linear{store.scope("fc_1"), 2, 25},  td::Tanh{},
          td::Linear{store.scope("fc_2"), 25, 25}, td::Sigmoid{},
          td::Linear{store.scope("fc_3"), 25, 25}, td::Sigmoid{},
          td::Linear{store.scope("fc_4"), 25, 2}};
}

inline td::Sequential with_tanh_at_the_end(td::ParameterStore& store) {
  return {{"hidden", three_hidden(2, td::ReLU{})(store)}, td::Tanh{}};
}

/// An optimizer with these options.
template <class O>
Rule rule(typename O::Options options = {}) {
  return [=](td::ParameterStore& store) { return std::make_unique<O>(store, options); };
}

inline std::vector<Workload> workloads() {
  const td::MSELoss mse{td::batch_mean};
  const td::CrossEntropyLoss entropy{td::batch_mean};
  const Rule sgd = rule<td::SGD>({.learning_rate = 0.1});
  const Rule momentum = rule<td::SGD>({.learning_rate = 0.1, .momentum = 0.9});
  const Rule adam = rule<td::Adam>();
  return {
      {"ReLU, MSE, SGD", one_per_class, three_hidden(2, td::ReLU{}), mse, sgd},
      {"Tanh, MSE, momentum", one_per_class, three_hidden(2, td::Tanh{}), mse, momentum},
      {"Tanh, then Sigmoid, MSE, SGD", one_per_class, tanh_then_sigmoid, mse, sgd},
      {"ReLU, Tanh at the end, MSE, SGD", one_per_class, with_tanh_at_the_end, mse, sgd},
      {"ReLU, one output, MSE, SGD", zero_or_one, three_hidden(1, td::ReLU{}), mse, sgd},
      {"ReLU, cross-entropy, Adam", labels, three_hidden(2, td::ReLU{}), entropy, adam},
      {"ReLU, cross-entropy, SGD", labels, three_hidden(2, td::ReLU{}), entropy, sgd},
      {"dropout, cross-entropy, Adam", labels, with_dropout, entropy, adam},
      {"batch normalisation, MSE, SGD", one_per_class, with_batch_norm, mse, sgd},
  };
}

}  // namespace test
