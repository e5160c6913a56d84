#pragma once

/// @file
/// The loop of Trainer::fit.

#include <vector>

#include "tapedeck/data/batches.hpp"
#include "tapedeck/optim/optimizer.hpp"
#include "tapedeck/train/trainer.hpp"
#include "train/batch_gradient.hpp"
#include "train/fit_state.hpp"
#include "train/memories.hpp"
#include "train/objective.hpp"

namespace tapedeck {

/// A fit that runs: epochs, their batches, steps of the optimizer, and the events that callbacks are told of.
/// It keeps where it is in a FitState, so that it goes on from one that was put back.
class FitLoop {
 public:
  /// `state` has a fit that has begun. Everything must outlive the loop.
  FitLoop(const Objective& objective, Optimizer& optimizer, BatchGradient& gradient, Memories& memories,
          TrainerState& state, const FitOptions& options);

  /// Trains to the end, and returns the reports of all epochs. Data are in the store's scalar; `validation`
  /// is null for none.
  std::vector<EpochReport> run(const Dataset& training, const Dataset* validation);

 private:
  using Event = FitState::Event;

  EpochReport train_epoch(const Dataset& data);
  void make_step();
  void tell_gradient();
  void tell();
  void end_epoch(const EpochReport& report);

  const Objective& objective_;
  ParameterStore& store_;
  Optimizer& optimizer_;
  BatchGradient& gradient_;
  Memories& memories_;
  TrainerState& state_;
  FitState& fit_;  // of state_
  const FitOptions& options_;
};

}  // namespace tapedeck
