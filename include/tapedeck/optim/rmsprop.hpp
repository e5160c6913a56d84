#pragma once

/// @file
/// RMSprop.

#include <optional>

#include "tapedeck/optim/elementwise_optimizer.hpp"

namespace tapedeck {

/// RMSprop (Tieleman and Hinton, Coursera lecture 6.5, 2012; centered: Graves, arXiv 1308.0850), epsilon
/// outside the root; weight decay is coupled. As in PyTorch, but that a variance which rounding made negative
/// counts as 0, where PyTorch gives NaN. With d = g + decay w:
///
///     s = beta s + (1 - beta) d^2
///     m = beta m + (1 - beta) d              if centered, else 0
///     v = momentum v + d / (sqrt(s - m^2) + epsilon)
///     w = w - rate v
///
/// At every 32nd step of a parameter, an s, m or v that gets no contribution (d is 0, or its square vanishes)
/// and is below the smallest normal number, 1.2e-38 as a float and 2.2e-308 as a double, becomes 0; see Adam.
///
/// In a float store s overflows beyond 3.4e38: by one d above 1.8e19 / sqrt(1 - beta), which is 1.8e20 with
/// the default, and by many above 1.8e19. From then on d / (sqrt(s) + epsilon) is 0 (NaN if centered and m^2
/// is Inf too).
class TAPEDECK_API RMSprop : public ElementwiseOptimizer {
 public:
  /// What RMSprop is made with.
  struct Options {
    double learning_rate = 0.01;  ///< finite, at least 0
    double beta = 0.99;           ///< memory of the mean square (PyTorch's alpha), 0 <= beta < 1
    double epsilon = 1e-8;        ///< above 0, also as a float in a float store
    double momentum = 0;          ///< 0 <= momentum < 1
    bool centered = false;        ///< divides by the deviation instead of the root of the mean square
    double weight_decay = 0;      ///< finite, at least 0; coupled
    Untouched untouched = Untouched::skip;  ///< parameters without a gradient
  };

  /// With the defaults.
  explicit RMSprop(ParameterStore& store);
  /// Seals the store. OptionError if an option is out of range.
  RMSprop(ParameterStore& store, const Options& options);

 private:
  void update(const Run& run) override;
  void visit_memory(StateVisitor& visitor) override;

  Options options_;
  FlatBuffer square_;
  std::optional<FlatBuffer> mean_;      // if centered
  std::optional<FlatBuffer> velocity_;  // with momentum
};

}  // namespace tapedeck
