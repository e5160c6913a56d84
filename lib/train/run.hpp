#pragma once

/// @file
/// How far training has come: all that Trainer::fit needs to go on from there.

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "tapedeck/train/trainer.hpp"

namespace tapedeck {

/// The parameters and buffers of the best epoch so far; at first the present ones, with an infinite loss.
class Trainer::Best {
 public:
  explicit Best(ParameterStore& store) : values_(store.values()), buffers_(store.buffers()) {}

  /// Takes note of an epoch's loss; returns true if patience is exhausted.
  bool exhausted(double loss, const EarlyStopping& rule, ParameterStore& store);
  void put_back(ParameterStore& store) const;
  void visit_state(StateVisitor& visitor, const ParameterStore& store);

 private:
  FlatBuffer values_;
  FlatBuffer buffers_;
  double loss_ = std::numeric_limits<double>::infinity();
  Index bad_epochs_ = 0;
};

/// A call of fit that is not finished.
struct Trainer::Run {
  /// What callbacks are told of.
  enum class Event : std::uint8_t { none, step, batch, epoch };

  Index epoch = 0;              ///< that is trained, from 0
  Index batch = 0;              ///< the next one of the epoch; 0 if it has not begun
  std::uint64_t order = 0;      ///< keys the epoch's shuffle
  double learning_rate = 0;     ///< that the epoch began with
  double epoch_sum = 0;         ///< sum over its steps of their step_sum
  double step_sum = 0;          ///< sum over the step's batches so far: each loss times its divisor
  Event event = Event::none;    ///< that callbacks are told of
  Index callback = 0;           ///< the next one to be told of it
  Index callbacks = 0;          ///< how many there are
  StepReport step_report = {};  ///< for Event::step; Event::epoch has the last one of `history`
  std::vector<EpochReport> history = {};
  std::optional<Best> best = std::nullopt;

  /// Returns true if no epoch follows.
  bool stopped() const { return !history.empty() && history.back().stop; }
  void begin(Event what) {
    event = what;
    callback = 0;
  }
  /// Calls the callbacks that have not been told of the event. A step's event is followed by its batch's.
  void tell(const std::vector<Callback>& all);

  /// A Run that is put back must be new, and is not looked at before commit.
  void visit_state(StateVisitor& visitor, ParameterStore& store);

 private:
  void visit_history(StateVisitor& visitor);
  void require_consistent(StateVisitor& visitor) const;
};

/// What a Trainer remembers.
struct Trainer::Progress {
  std::uint64_t passes = 0;               ///< keys the tapes' random streams
  std::uint64_t epochs = 0;               ///< keys the shuffles
  std::optional<Run> run = std::nullopt;  ///< of the fit that runs, or that is to go on

  /// As that of Run.
  void visit_state(StateVisitor& visitor, ParameterStore& store);
};

}  // namespace tapedeck
