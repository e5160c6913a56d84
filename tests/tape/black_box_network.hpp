#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "param/support.hpp"
#include "tapedeck/layers/dropout.hpp"
#include "tapedeck/layers/linear.hpp"
#include "tapedeck/layers/normalization.hpp"
#include "tapedeck/layers/sequential.hpp"
#include "tapedeck/ops/loss.hpp"
#include "tapedeck/optim/sgd.hpp"
#include "tapedeck/param/parameter_store.hpp"
#include "tapedeck/tape/black_box.hpp"
#include "tapedeck/tape/memory.hpp"
#include "tapedeck/tape/tape.hpp"

namespace test::box {

namespace td = tapedeck;

/// A network with parameters, statistics and masks.
struct Network {
  td::ParameterStore store;
  td::Sequential model{td::Linear{store.scope("fc"), 2, 4}, td::BatchNorm{store.scope("norm"), 4},
                       td::Dropout{{.probability = 0.5}}, td::Linear{store.scope("out"), 4, 1}};
  td::Memory memory;
  explicit Network(const td::ParameterStore::Options& options) : store(options) {}

  /// Trains, so that parameters, statistics and the count of passes move on.
  void train(int steps) {
    td::SGD optimizer{store, {.learning_rate = 0.1}};
    for (int i = 0; i < steps; ++i) {
      td::Tape tape{store, memory};
      const td::Value x = tape.input(arma::mat(2, 6, arma::fill::randn));
      tape.backward(td::mse(model(x), arma::mat(1, 6, arma::fill::randn), td::batch_mean));
      optimizer.step();
      store.zero_grad();
    }
  }
};

/// What a pass gave.
template <class T>
struct Result {
  td::Matrix<T> output;
  td::Matrix<T> gradient;
  td::Matrix<T> cotangent;  ///< of x, which is a variable
};

/// Goes forward and back.
template <class T>
Result<T> run(td::Tape& tape, const Network& network, const td::Value& x, const td::Value& target) {
  const td::Value y = network.model(x);
  td::Gradients gradients(tape.store());
  tape.backward(td::mse(y, target, td::batch_mean), gradients);
  return {y.matrix<T>(), gradients.of<T>(tape.store().parameter("fc.weight").handle()), x.cotangent<T>()};
}

/// A pass of a network that has trained a little.
template <class T>
struct Kept {
  td::BlackBox box;
  Result<T> before;     ///< what the pass gave
  td::Matrix<T> means;  ///< running ones, of the network
};
template <class T>
Kept<T> kept_pass() {
  Network network({.seed = 11, .scalar = td::scalar_of<T>});
  network.train(3);
  td::Tape tape{network.store, network.memory, {.first_column = 5}};
  const td::Value x = tape.variable(arma::mat(2, 6, arma::fill::randn));
  const Result<T> before = run<T>(tape, network, x, tape.input(arma::mat(1, 6, arma::fill::randn)));
  return {td::BlackBox(tape), before, network.store.buffer<T>("norm.running_mean")};
}

/// Goes forward and back with what the black box holds, in a network of its own.
template <class T>
Result<T> replay(const td::BlackBox& box) {
  Network again(box.store_options());
  box.restore(again.store);
  td::Tape tape{again.store, again.memory, box.tape_options()};
  const std::vector<td::Value> in = box.inputs(tape);
  return run<T>(tape, again, in.at(0), in.at(1));
}

template <class T>
bool same(const Result<T>& a, const Result<T>& b) {
  return same_bits(a.output, b.output) && same_bits(a.gradient, b.gradient) &&
         same_bits(a.cotangent, b.cotangent);
}

/// Numbers whose bits a careless copy would change.
inline const arma::mat odd_numbers{
    {arma::datum::nan, arma::datum::inf, -arma::datum::inf, 0.0, -0.0},
    {std::numeric_limits<double>::denorm_min(), std::numeric_limits<double>::max(),
     std::numeric_limits<double>::lowest(), arma::datum::eps, 1.0 / 3}};
inline const td::IndexMatrix odd_labels{{0, 1, ~td::Index{0}}};

/// The black box of a pass whose inputs are odd, or have no elements.
inline td::BlackBox odd_box() {
  td::ParameterStore store{{.scalar = td::f64}};
  td::Memory memory;
  td::Tape tape{store, memory, {.mode = td::evaluate}};
  tape.borrow(odd_numbers);
  tape.input(odd_labels);
  tape.input(arma::mat(0, 3));
  tape.input(arma::mat(3, 0));
  return td::BlackBox(tape);
}

/// Whether the inputs of the box are those of odd_box(), bit for bit.
inline bool has_odd_inputs(const td::BlackBox& box) {
  td::ParameterStore store{box.store_options()};
  td::Memory memory;
  td::Tape tape{store, memory, box.tape_options()};
  const std::vector<td::Value> in = box.inputs(tape);
  return in.size() == 4 && same_bits(in[0].matrix<double>(), odd_numbers) &&
         same_bits(in[1].matrix<td::Index>(), odd_labels) && in[2].shape() == td::Shape{0, 3} &&
         in[3].shape() == td::Shape{3, 0};
}

/// The state without one entry, which `changed` takes the place of if it is given.
inline td::StateDict with(const td::StateDict& whole, const std::string& name,
                          const std::optional<td::AnyMatrix>& changed) {
  td::StateDict state;
  for (const td::StateDict::Entry& entry : whole.entries()) {
    if (entry.name != name) state.add(entry);
    if (entry.name == name && changed) state.add({.name = name, .value = *changed});
  }
  for (const auto& [key, text] : whole.words()) state.add_words(key, text);
  return state;
}

}  // namespace test::box
