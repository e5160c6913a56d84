#pragma once

/// @file
/// What a Trainer reports while it trains. It prints nothing itself; the callbacks here write to a stream
/// that they are given.

#include <concepts>
#include <functional>
#include <iosfwd>
#include <optional>
#include <utility>

#include "tapedeck/core/api.hpp"
#include "tapedeck/core/matrix.hpp"

namespace tapedeck {

/// One epoch that was trained.
struct EpochReport {
  Index epoch = 0;   ///< counted from 0
  Index epochs = 0;  ///< that were asked for
  /// The losses of the epoch's batches, each from before its step, as one loss over all samples: their mean
  /// weighted by the batches' sizes, or their sum if the loss is a sum.
  double loss = 0;
  /// The loss of the validation data after the epoch, see Trainer::evaluate; none without validation data.
  std::optional<double> validation_loss = std::nullopt;
  double learning_rate = 0;  ///< that the epoch was trained with
  double seconds = 0;        ///< of wall time, validation included
  bool stop = false;         ///< a callback sets this to end training after this epoch
};

/// One step of the optimizer.
struct StepReport {
  Index epoch = 0;   ///< counted from 0
  Index epochs = 0;  ///< that were asked for
  Index step = 0;    ///< in this epoch, counted from 0
  Index steps = 0;   ///< in an epoch
  /// The losses of the step's batches before the step, as one loss over their samples: their mean weighted by
  /// the batches' sizes, or their sum if the loss is a sum.
  double loss = 0;
};

/// Functions that are called after each epoch, step of the optimizer and batch, and before each step; any may
/// be empty. A function of an EpochReport is a callback. Callbacks are called in the order of their list, all
/// of them for one event before the next. What they throw passes through `fit`.
///
/// A Trainer's state may be taken in any of them, to go on from later, and includes which callback that is:
/// a resumed `fit` calls those that come after it first, with the same report. What a callback does after it
/// has taken the state is not repeated.
struct Callback {
  std::function<void(EpochReport&)> on_epoch = {};      ///< may set `stop`
  std::function<void(const StepReport&)> on_step = {};  ///< once per step of the optimizer, after it
  std::function<void()> on_batch = {};  ///< once per batch, after `on_step` if the batch completed a step
  /// Called once per step of the optimizer, before it: the store's gradients are then those of the whole
  /// step, the sum over all of its `accumulate` batches and their shards, finite, and not yet clipped by
  /// `FitOptions::clip_norm`. They have the same bits for any number of threads. The function may read and
  /// change them (clip by layer, add noise, log norms); the optimizer steps by what it leaves.
  ///
  /// If it throws, or if the gradient has NaN or Inf after all callbacks (NonFiniteError), the step is not
  /// made: parameters, optimizer and running statistics are those before it, and gradients are zero. A state
  /// that is taken here is that before the step, with the gradient as it is; a resumed `fit` calls the
  /// `on_gradient` that come after, and then makes the step.
  std::function<void(const StepReport&)> on_gradient = {};

  /// Empty functions, to be set.
  Callback() = default;
  /// Functions of an epoch and of a step; either may be empty.
  Callback(std::function<void(EpochReport&)> epoch, std::function<void(const StepReport&)> step)
      : on_epoch(std::move(epoch)), on_step(std::move(step)) {}
  /// A function of an epoch.
  template <std::invocable<EpochReport&> F>
  Callback(F epoch) : on_epoch(std::move(epoch)) {}  // NOLINT(google-explicit-constructor)
};

/// Writes a line for the first epoch, for epochs n, 2n, ... and for the last one, counted from 1 as they are
/// written: with n = 10 for epochs 1, 10, 20, 30, ... OptionError if n is 0.
TAPEDECK_API Callback log_every(Index n, std::ostream& out);

/// Draws a bar with the time left, in one line that it writes over; does nothing unless `out` is std::cout or
/// std::cerr and that is a terminal.
TAPEDECK_API Callback progress_bar(std::ostream& out);

}  // namespace tapedeck
