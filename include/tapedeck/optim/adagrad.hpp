#pragma once

/// @file
/// Adagrad.

#include "tapedeck/optim/elementwise_optimizer.hpp"

namespace tapedeck {

/// Adagrad (Duchi, Hazan and Singer, JMLR 12, 2011), epsilon outside the root; weight decay is coupled. As in
/// PyTorch. At a parameter's step t, with d = g + decay w:
///
///     s = s + d^2
///     w = w - rate / (1 + (t - 1) learning_rate_decay) d / (sqrt(s) + epsilon)
///
/// In a float store s overflows with a d above 1.8e19, and w then stands still.
class TAPEDECK_API Adagrad : public ElementwiseOptimizer {
 public:
  /// What Adagrad is made with.
  struct Options {
    double learning_rate = 0.01;     ///< finite, at least 0
    double learning_rate_decay = 0;  ///< finite, at least 0
    /// What the sums of squares start from (PyTorch's initial_accumulator_value); finite, at least 0.
    double initial_square = 0;
    double epsilon = 1e-10;                 ///< above 0, also as a float in a float store
    double weight_decay = 0;                ///< finite, at least 0; coupled
    Untouched untouched = Untouched::skip;  ///< parameters without a gradient
  };

  /// With the defaults.
  explicit Adagrad(ParameterStore& store);
  /// Seals the store. OptionError if an option is out of range.
  Adagrad(ParameterStore& store, const Options& options);

 private:
  void update(const Run& run) override;
  void visit_memory(StateVisitor& visitor) override;

  Options options_;
  FlatBuffer square_;
};

}  // namespace tapedeck
