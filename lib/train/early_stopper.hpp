#pragma once

/// @file
/// Early stopping.

#include <limits>

#include "tapedeck/param/parameter_store.hpp"
#include "tapedeck/state/state_visitor.hpp"
#include "tapedeck/train/trainer.hpp"

namespace tapedeck {

/// The parameters and buffers of the best epoch so far; at first the present ones, with an infinite loss.
class EarlyStopper {
 public:
  explicit EarlyStopper(ParameterStore& store) : values_(store.values()), buffers_(store.buffers()) {}

  /// Compares an epoch's loss with the best, and copies the store's numbers if it is better. Returns true if
  /// patience is exhausted.
  bool exhausted_by(double loss, const EarlyStopping& rule, ParameterStore& store);
  /// Gives the store the numbers of the best epoch.
  void put_back(ParameterStore& store) const;
  void visit_state(StateVisitor& visitor, const ParameterStore& store);

 private:
  FlatBuffer values_;
  FlatBuffer buffers_;
  double loss_ = std::numeric_limits<double>::infinity();
  Index bad_epochs_ = 0;
};

}  // namespace tapedeck
