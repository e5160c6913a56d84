#pragma once

/// @file
/// Learning rates that are constant for a while and then jump. Stepped once at the end of every epoch, a jump
/// at n holds from epoch n on, the first epoch being 0.

#include <vector>

#include "tapedeck/optim/scheduler.hpp"

namespace tapedeck {

/// rate = base factor^floor(n / every). PyTorch's StepLR.
class TAPEDECK_API StepDecay : public Scheduler {
 public:
  /// Its rule.
  struct Options {
    Index every = 0;      ///< at least 1; there is no default
    double factor = 0.1;  ///< finite, above 0
  };
  /// Takes the optimizer's learning rate as base. OptionError if an option is out of range.
  StepDecay(Optimizer& optimizer, const Options& options);
};

/// rate = base factor^k, k the number of milestones that are at most n. PyTorch's MultiStepLR.
class TAPEDECK_API MultiStepDecay : public Scheduler {
 public:
  /// Its rule.
  struct Options {
    std::vector<Index> milestones = {};  ///< increasing, from 1 on; none leaves the rate as it is
    double factor = 0.1;                 ///< finite, above 0
  };
  /// Takes the optimizer's learning rate as base. OptionError if an option is out of range.
  MultiStepDecay(Optimizer& optimizer, const Options& options);
};

/// The rates themselves: the base rate at first, then from each piece's beginning its rate.
///
///     td::PiecewiseRates scheduler{optimizer, {{100, 0.03}, {175, 0.01}}};
class TAPEDECK_API PiecewiseRates : public Scheduler {
 public:
  /// A rate and its beginning.
  struct Piece {
    Index from;            ///< the first n that it holds for
    double learning_rate;  ///< itself, not a factor
  };
  /// OptionError unless the beginnings are increasing, from 1 on, and the rates finite and at least 0.
  PiecewiseRates(Optimizer& optimizer, const std::vector<Piece>& pieces);
};

}  // namespace tapedeck
