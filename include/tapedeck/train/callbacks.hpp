#pragma once

/// @file
/// What a Trainer tells while it trains. It prints nothing by itself; these write to a stream that they are
/// given.

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
  double loss = 0;   ///< the mean of the batches' losses as they were trained on, weighted by their sizes
  std::optional<double> validation_loss = std::nullopt;  ///< after the epoch; none without validation data
  double learning_rate = 0;                              ///< that the epoch was trained with
  double seconds = 0;                                    ///< of wall time, validation included
  bool stop = false;  ///< a callback sets this to end training after this epoch
};

/// One step that was made.
struct StepReport {
  Index epoch = 0;   ///< counted from 0
  Index epochs = 0;  ///< that were asked for
  Index step = 0;    ///< in this epoch, counted from 0
  Index steps = 0;   ///< in an epoch
  double loss = 0;   ///< of the step's batches before the step, weighted by their sizes
};

/// Called after each epoch, step of the optimizer and batch; any may be empty. A function of an EpochReport
/// is a callback. What they throw passes through `fit`.
struct Callback {
  std::function<void(EpochReport&)> on_epoch = {};      ///< may set `stop`
  std::function<void(const StepReport&)> on_step = {};  ///< once per step of the optimizer
  /// Once per batch, when its gradient was added; after `on_step` if a step came with it. Here, and in the
  /// other two, a Trainer's state may be taken, to go on from later.
  std::function<void()> on_batch = {};

  /// None; set what is wanted.
  Callback() = default;
  /// Both.
  Callback(std::function<void(EpochReport&)> epoch, std::function<void(const StepReport&)> step)
      : on_epoch(std::move(epoch)), on_step(std::move(step)) {}
  /// For epochs only.
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
