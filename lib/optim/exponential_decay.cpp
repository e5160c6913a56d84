#include "tapedeck/optim/exponential_decay.hpp"

#include <cmath>

#include "core/ranges.hpp"

namespace tapedeck {
namespace {

Scheduler::Rule rule_of(const ExponentialDecay::Options& options) {
  ranges::require_positive("ExponentialDecay", "factor", options.factor);
  return [factor = options.factor](double base, Index n) {
    return base * std::pow(factor, static_cast<double>(n));
  };
}

}  // namespace

ExponentialDecay::ExponentialDecay(Optimizer& optimizer, const Options& options)
    : Scheduler(optimizer, rule_of(options)) {}

}  // namespace tapedeck
