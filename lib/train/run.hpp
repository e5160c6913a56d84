#pragma once

/// @file
/// How far a call of Trainer::fit has come: all that it needs to go on from there.

#include <limits>
#include <optional>
#include <vector>

#include "tapedeck/train/trainer.hpp"

namespace tapedeck {

/// The parameters and buffers of the best epoch so far; at first those that there are, of an infinite loss.
class Trainer::Best {
 public:
  explicit Best(ParameterStore& store) : values_(store.values()), buffers_(store.buffers()) {}

  /// Takes note of an epoch's loss; whether patience is exhausted.
  bool exhausted(double loss, const EarlyStopping& rule, ParameterStore& store);
  void put_back(ParameterStore& store) const;
  void visit_state(StateVisitor& visitor, const StoreLayout& layout);

 private:
  FlatBuffer values_;
  FlatBuffer buffers_;
  double loss_ = std::numeric_limits<double>::infinity();
  Index bad_epochs_ = 0;
};

struct Trainer::Run {
  Index epoch = 0;           ///< that is trained, from 0
  Index batch = 0;           ///< the next one of the epoch; 0 if it has not begun
  std::uint64_t order = 0;   ///< keys the epoch's shuffle
  double learning_rate = 0;  ///< that the epoch began with
  double epoch_loss = 0;     ///< sum over its steps, each times its samples
  double step_loss = 0;      ///< of the step in the making
  bool stopped = false;      ///< no epoch follows
  std::vector<EpochReport> history = {};
  std::optional<Best> best = std::nullopt;

  /// A Run that is put back must be new, and is not looked at before commit.
  void visit_state(StateVisitor& visitor, ParameterStore& store);

 private:
  void visit_history(StateVisitor& visitor);
};

}  // namespace tapedeck
