#pragma once

/// @file
/// A learning rate that rises in a line and falls along a cosine.

#include "tapedeck/optim/scheduler.hpp"

namespace tapedeck {

/// With the base rate b, s = start_factor, W = warmup, T = total and m = min_learning_rate:
///
///     rate = b (s + (1 - s) n / W)                              n < W
///     rate = m + (b - m) (1 + cos(pi (n - W) / (T - W))) / 2    W <= n <= T
///     rate = m                                                  n > T
///
/// Up to T it is PyTorch's LinearLR followed at W by CosineAnnealingLR (Loshchilov and Hutter, ICLR 2017, eq.
/// 5, without restarts). Without warm-up it begins at the base rate.
class TAPEDECK_API CosineWithWarmup : public Scheduler {
 public:
  /// Its rule.
  struct Options {
    Index total = 0;                  ///< above warmup; there is no default
    Index warmup = 0;                 ///< how many steps the rate rises
    double start_factor = 1.0 / 3.0;  ///< 0 to 1
    double min_learning_rate = 0;     ///< at most the base rate
  };
  /// Takes the optimizer's learning rate as base. OptionError if an option is out of range.
  CosineWithWarmup(Optimizer& optimizer, const Options& options);
};

}  // namespace tapedeck
