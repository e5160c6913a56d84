#pragma once

/// @file
/// One rise and one fall.

#include "tapedeck/optim/scheduler.hpp"

namespace tapedeck {

/// One cycle (Smith and Topin, arXiv 1708.07120), stepped once per optimizer step. The base rate b is the
/// peak. The rate goes from b / start_divisor up to b at n = p = rise total - 1, and down to b /
/// start_divisor / end_divisor at n = total - 1, both ways along half a cosine; there it stays.
///
/// PyTorch's OneCycleLR with max_lr = b and without its changes of momentum, which has the same defaults.
class TAPEDECK_API OneCycle : public Scheduler {
 public:
  /// Its rule.
  struct Options {
    Index total = 0;            ///< how many steps the cycle has; there is no default
    double rise = 0.3;          ///< what part of them leads up: 0 < rise < 1, and rise total > 1
    double start_divisor = 25;  ///< finite, at least 1 (PyTorch's div_factor)
    double end_divisor = 1e4;   ///< finite, at least 1 (PyTorch's final_div_factor)
  };
  /// Takes the optimizer's learning rate as peak. OptionError if an option is out of range.
  OneCycle(Optimizer& optimizer, const Options& options);
};

}  // namespace tapedeck
