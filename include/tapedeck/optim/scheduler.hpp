#pragma once

/// @file
/// Learning rates that follow a rule.

#include <functional>
#include <memory>

#include "tapedeck/core/api.hpp"
#include "tapedeck/optim/optimizer.hpp"

namespace tapedeck {

/// A learning rate that is a function of how often `step` was called: once per epoch, or once per optimizer
/// step, as the rule is meant. The ready-made rules are classes of their own (StepDecay, OneCycle, ...).
///
///     td::Scheduler scheduler{optimizer, [](double base, td::Index n) { return base / (1 + 0.1 * n); }};
///
/// The base rate is the optimizer's when the scheduler is made; the rule then sets the rate, for n = 0 at
/// once. Since every `step` sets the rate anew from the base rate, of two of them on one optimizer the last
/// to step wins, and what was set by hand in between is lost. The optimizer must outlive the scheduler; a
/// step afterwards throws UsageError.
class TAPEDECK_API Scheduler {
 public:
  /// The learning rate after n calls of `step`.
  using Rule = std::function<double(double base_rate, Index n)>;

  /// Sets the rate for n = 0. OptionError if the rule is empty, or gives a rate that is negative or not
  /// finite; so does `step`, without making it.
  Scheduler(Optimizer& optimizer, Rule rule);
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;
  virtual ~Scheduler();

  /// Sets the rate for the next n. OptionError, and nothing counted or set, if the rule gives a rate that is
  /// negative or not finite.
  void step();

  /// The optimizer's learning rate when the scheduler was made.
  double base_rate() const { return base_rate_; }
  /// How often `step` was called.
  Index count() const { return count_; }
  /// Base rate and count. The rule is not among it: restore a scheduler that was made with the same one.
  void visit_state(StateVisitor& visitor);

 private:
  Optimizer& optimizer_;
  std::weak_ptr<const void> optimizer_lifetime_;
  Rule rule_;
  double base_rate_;
  Index count_ = 0;
};

}  // namespace tapedeck
