#pragma once

#include "tapedeck/layers/linear.hpp"
#include "tapedeck/param/parameter_store.hpp"
#include "tapedeck/tape/value.hpp"

namespace pendulum {

namespace td = tapedeck;

/// y = h + g (.) (c - h), g = sigmoid(z): the state h moves to the candidate c as far as the gate is open.
/// All are f x batch.
td::Value gated_update(const td::Value& z, const td::Value& c, const td::Value& h);

/// A recurrent cell with a single gate: a GRU without reset gate (Ravanelli, Brakel, Omologo and Bengio, IEEE
/// TETCI 2, 2018), here with tanh and without normalisation. With the input x (inputs x batch) and the state
/// h (features x batch) the next state is
///
///     h + sigmoid(W_g [x; h] + b_g) (.) (tanh(W_c [x; h] + b_c) - h)
class GatedCell {
 public:
  GatedCell(const td::Scope& scope, td::Index inputs, td::Index features);

  td::Value operator()(const td::Value& x, const td::Value& h) const;

  td::Index features() const { return features_; }

 private:
  td::Index features_;
  td::Linear gate_;
  td::Linear candidate_;
};

}  // namespace pendulum
