#pragma once

/// @file
/// Adam and AdamW.

#include "tapedeck/optim/elementwise_optimizer.hpp"

namespace tapedeck {

/// Adam (Kingma and Ba, ICLR 2015, algorithm 1), with bias correction and epsilon outside the root; weight
/// decay is coupled. As in PyTorch. At a parameter's step t, with d = g + decay w:
///
///     m = beta_1 m + (1 - beta_1) d
///     v = beta_2 v + (1 - beta_2) d^2
///     w = w - rate (m / (1 - beta_1^t)) / (sqrt(v / (1 - beta_2^t)) + epsilon)
///
/// At every 32nd step of a parameter, a moment that gets no contribution (d is 0, or its square vanishes) and
/// is below the smallest normal number, 1.2e-38 as a float and 2.2e-308 as a double, becomes 0: it would
/// never decay to 0 otherwise, and slow every later step down. The bias correction counts the steps of each
/// parameter. In a float store v overflows beyond 3.4e38: by one d above 1.8e19 / sqrt(1 - beta_2), which
/// is 5.8e20 with the default, and by many above 1.8e19. From then on v is Inf and w stands still; clip such
/// gradients. Squares of a d below 1e-22 vanish there, which does not show if epsilon is at least 1e-15.
class TAPEDECK_API Adam : public ElementwiseOptimizer {
 public:
  /// What Adam is made with.
  struct Options {
    double learning_rate = 1e-3;            ///< finite, at least 0
    double beta_1 = 0.9;                    ///< memory of the mean gradient, 0 <= beta_1 < 1
    double beta_2 = 0.999;                  ///< memory of the mean square, 0 <= beta_2 < 1
    double epsilon = 1e-8;                  ///< above 0, also as a float in a float store
    double weight_decay = 0;                ///< finite, at least 0; coupled
    Untouched untouched = Untouched::skip;  ///< parameters without a gradient
  };

  /// With the defaults.
  explicit Adam(ParameterStore& store);
  /// Seals the store. OptionError if an option is out of range.
  Adam(ParameterStore& store, const Options& options);

 protected:
  /// For variants: `name` appears in errors.
  Adam(ParameterStore& store, const char* name, const Options& options, Decay decay);

 private:
  void update(const Run& run) override;
  void visit_memory(StateVisitor& visitor) override;

  double beta_1_;
  double beta_2_;
  double epsilon_;
  FlatBuffer mean_;
  FlatBuffer square_;
};

/// Adam with decoupled weight decay (Loshchilov and Hutter, ICLR 2019). As in PyTorch, its default of
/// 0.01 included: as Adam with d = g, and besides w = w - rate decay w, of the old w.
class TAPEDECK_API AdamW : public Adam {
 public:
  /// What AdamW is made with.
  struct Options {
    double learning_rate = 1e-3;            ///< finite, at least 0
    double beta_1 = 0.9;                    ///< memory of the mean gradient, 0 <= beta_1 < 1
    double beta_2 = 0.999;                  ///< memory of the mean square, 0 <= beta_2 < 1
    double epsilon = 1e-8;                  ///< above 0, also as a float in a float store
    double weight_decay = 0.01;             ///< finite, at least 0; decoupled
    Untouched untouched = Untouched::skip;  ///< parameters without a gradient
  };

  /// With the defaults.
  explicit AdamW(ParameterStore& store);
  /// Seals the store. OptionError if an option is out of range.
  AdamW(ParameterStore& store, const Options& options);
};

}  // namespace tapedeck
