#pragma once

/// @file
/// How far training has come: all that Trainer::fit needs to go on from there.

#include <cstdint>
#include <optional>
#include <vector>

#include "tapedeck/param/parameter_store.hpp"
#include "tapedeck/state/state_visitor.hpp"
#include "tapedeck/train/callbacks.hpp"
#include "train/early_stopper.hpp"

namespace tapedeck {

/// A call of fit that is not finished.
struct FitState {
  /// What callbacks are told of. States hold the numbers: a new one comes last.
  enum class Event : std::uint8_t { none, step, batch, epoch, gradient };

  Index epoch = 0;                        ///< that is trained, from 0
  Index batch = 0;                        ///< the next one of the epoch; 0 if it has not begun
  std::uint64_t order = 0;                ///< keys the epoch's shuffle
  double learning_rate = 0;               ///< that the epoch began with
  double epoch_sum = 0;                   ///< sum over its steps of their step_sum
  double step_sum = 0;                    ///< sum over the step's batches so far: each loss times its divisor
  Event event = Event::none;              ///< that callbacks are told of
  Index callback = 0;                     ///< the next one to be told of it
  Index callbacks = 0;                    ///< how many there are
  StepReport step_report = {};            ///< of Event::gradient and Event::step
  std::vector<EpochReport> history = {};  ///< of which Event::epoch has the last one
  std::optional<EarlyStopper> early_stopper = std::nullopt;

  /// Returns true if no epoch follows.
  bool stopped() const { return !history.empty() && history.back().stop; }
  /// Begins to tell callbacks of an event.
  void begin(Event what) {
    event = what;
    callback = 0;
  }
  /// Calls the callbacks that have not been told of the event.
  void tell(const std::vector<Callback>& all);
  /// Throws UsageError if a fit with so many batches in an epoch and so many callbacks cannot go on from
  /// here.
  void require_resumable(Index batches, Index callbacks_now) const;

  /// A FitState that is put back must be new, and is not looked at before commit.
  void visit_state(StateVisitor& visitor, ParameterStore& store);

 private:
  void require_consistent(StateVisitor& visitor) const;
};

/// What a Trainer remembers.
struct TrainerState {
  std::uint64_t passes = 0;                    ///< keys the tapes' random streams
  std::uint64_t epochs = 0;                    ///< keys the shuffles
  std::optional<FitState> fit = std::nullopt;  ///< that runs, or that is to go on

  /// Begins the fit that is to go on, or a new one. If it throws, nothing has changed.
  void begin_fit(const FitOptions& options, ParameterStore& store);
  /// As that of FitState.
  void visit_state(StateVisitor& visitor, ParameterStore& store);
};

}  // namespace tapedeck
