#pragma once

/// @file
/// A learning rate that changes by the same factor at every step.

#include "tapedeck/optim/scheduler.hpp"

namespace tapedeck {

/// rate = base factor^n. PyTorch's ExponentialLR.
class TAPEDECK_API ExponentialDecay : public Scheduler {
 public:
  /// Its rule.
  struct Options {
    double factor = 0;  ///< finite, above 0; there is no default
  };
  /// Takes the optimizer's learning rate as base. OptionError if the factor is out of range.
  ExponentialDecay(Optimizer& optimizer, const Options& options);
};

}  // namespace tapedeck
