#pragma once

/// @file
/// A learning rate that is reduced when the loss no longer falls.

#include <limits>
#include <memory>

#include "tapedeck/core/api.hpp"
#include "tapedeck/optim/optimizer.hpp"

namespace tapedeck {

/// Multiplies the optimizer's learning rate by `factor` when the loss has not improved in more than
/// `patience` epochs in a row: with a patience of 10 in the 11th, as PyTorch's ReduceLROnPlateau does.
///
/// A loss is an improvement if it is below the best so far by more than `threshold` times the best; with a
/// threshold of 0, if it is smaller at all. (A negative best loss asks for the same margin downwards, unlike
/// PyTorch's.) It works on the rate that the optimizer has, which may have been set by hand. The optimizer
/// must outlive it; a step afterwards throws UsageError.
class TAPEDECK_API ReduceOnPlateau {
 public:
  /// Its rule.
  struct Options {
    Index patience = 10;           ///< epochs without improvement that it bears
    double factor = 0.1;           ///< 0 < factor < 1
    double threshold = 1e-4;       ///< relative, 0 <= threshold < 1
    Index cooldown = 0;            ///< epochs after a reduction in which bad ones are not counted
    double min_learning_rate = 0;  ///< finite, at least 0; no reduction goes below
  };

  /// With the defaults.
  explicit ReduceOnPlateau(Optimizer& optimizer);
  /// OptionError if an option is out of range.
  ReduceOnPlateau(Optimizer& optimizer, const Options& options);
  ReduceOnPlateau(const ReduceOnPlateau&) = delete;
  ReduceOnPlateau& operator=(const ReduceOnPlateau&) = delete;

  /// To be called once per epoch with its loss. NonFiniteError, and nothing counted, if the loss is NaN or
  /// Inf.
  void step(double loss);

  /// All that it remembers, its options included.
  void visit_state(StateVisitor& visitor);

 private:
  Optimizer& optimizer_;
  std::weak_ptr<const void> optimizer_lifetime_;
  Options options_;
  double best_ = std::numeric_limits<double>::infinity();
  Index bad_epochs_ = 0;
  Index cooldown_left_ = 0;
};

}  // namespace tapedeck
