#include "tapedeck/optim/piecewise_schedules.hpp"

#include <algorithm>
#include <cmath>

#include "core/ranges.hpp"

namespace tapedeck {
namespace {

// Beginnings of pieces: increasing, from 1 on.
void require_beginning(const char* who, const char* what, Index previous, Index given) {
  ranges::require(given > previous, who, what, static_cast<double>(given), "increasing numbers, from 1 on");
}

Scheduler::Rule rule_of(const StepDecay::Options& options) {
  ranges::require(options.every >= 1, "StepDecay", "every", static_cast<double>(options.every), "at least 1");
  ranges::require_positive("StepDecay", "factor", options.factor);
  return [options](double base, Index n) {
    const Index reductions = n / options.every;
    return base * std::pow(options.factor, static_cast<double>(reductions));
  };
}

Scheduler::Rule rule_of(const MultiStepDecay::Options& options) {
  ranges::require_positive("MultiStepDecay", "factor", options.factor);
  Index previous = 0;
  for (const Index milestone : options.milestones) {
    require_beginning("MultiStepDecay", "milestone", previous, milestone);
    previous = milestone;
  }
  return [options](double base, Index n) {
    const auto reached = std::upper_bound(options.milestones.begin(), options.milestones.end(), n);
    return base * std::pow(options.factor, static_cast<double>(reached - options.milestones.begin()));
  };
}

Scheduler::Rule rule_of(const std::vector<PiecewiseRates::Piece>& pieces) {
  Index previous = 0;
  for (const auto& [from, learning_rate] : pieces) {
    require_beginning("PiecewiseRates", "from", previous, from);
    ranges::require_not_negative("PiecewiseRates", "learning_rate", learning_rate);
    previous = from;
  }
  return [pieces](double base, Index n) {
    double rate = base;
    for (const auto& [from, learning_rate] : pieces) {
      if (from <= n) rate = learning_rate;
    }
    return rate;
  };
}

}  // namespace

StepDecay::StepDecay(Optimizer& optimizer, const Options& options) : Scheduler(optimizer, rule_of(options)) {}

MultiStepDecay::MultiStepDecay(Optimizer& optimizer, const Options& options)
    : Scheduler(optimizer, rule_of(options)) {}

PiecewiseRates::PiecewiseRates(Optimizer& optimizer, const std::vector<Piece>& pieces)
    : Scheduler(optimizer, rule_of(pieces)) {}

}  // namespace tapedeck
