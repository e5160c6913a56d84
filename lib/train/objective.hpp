#pragma once

/// @file
/// What a Trainer minimizes.

#include "tapedeck/data/dataset.hpp"
#include "tapedeck/layers/layer.hpp"
#include "tapedeck/param/parameter_store.hpp"
#include "tapedeck/tape/tape.hpp"
#include "tapedeck/train/trainer_loss.hpp"

namespace tapedeck {

/// A model and its loss, over the parameters of one store.
class Objective {
 public:
  class Call;

  Objective(ParameterStore& store, const Layer& model, TrainerLoss loss);

  ParameterStore& store() const { return store_; }
  const Layer& model() const { return model_; }
  const TrainerLoss& loss() const { return loss_; }
  void set_loss(TrainerLoss loss);

  /// Records the model and the loss of a batch, and returns that loss. HandleError if it is no Value of the
  /// tape, ShapeError if it is not 1x1. To be called within a Call.
  Value record(Tape& tape, const Batch& batch) const;

 private:
  ParameterStore& store_;
  Layer model_;
  TrainerLoss loss_;
};

/// Marks, as long as it lives, that this thread runs an Objective's model or loss, forward or backward. The
/// mark belongs to the thread, not to the Objective, so that other threads may predict at the same time.
class Objective::Call {
 public:
  explicit Call(const Objective& objective) : objective_(objective), outer_(innermost) { innermost = this; }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call() { innermost = outer_; }

  /// Returns true if this thread is within a Call of the objective.
  static bool runs(const Objective& objective);

 private:
  static constinit thread_local const Call* innermost;

  const Objective& objective_;
  const Call* outer_;
};

}  // namespace tapedeck
