#pragma once

/// @file
/// RMSprop.

#include <optional>

#include "tapedeck/optim/optimizer.hpp"

namespace tapedeck {

/// RMSprop (Tieleman and Hinton, 2012; centered: Graves, arXiv 1308.0850), epsilon outside the root; weight
/// decay is coupled. As in PyTorch, but that a variance which rounding made negative counts as 0, where
/// PyTorch gives NaN.
class TAPEDECK_API RMSprop : public Optimizer {
 public:
  struct Options {
    double learning_rate = 0.01;
    double beta = 0.99;     ///< memory of the mean square (PyTorch's alpha), 0 <= beta < 1
    double epsilon = 1e-8;  ///< above 0
    double momentum = 0;    ///< 0 <= momentum < 1
    bool centered = false;  ///< divides by the deviation instead of the root of the mean square
    double weight_decay = 0;
    Untouched untouched = Untouched::skip;
  };

  explicit RMSprop(ParameterStore& store);
  /// OptionError if an option is out of range.
  RMSprop(ParameterStore& store, const Options& options);

 private:
  void update(const Run& run) override;
  template <class T>
  void adapt(const Run& run);

  Options options_;
  FlatBuffer square_;
  std::optional<FlatBuffer> mean_;      // if centered
  std::optional<FlatBuffer> velocity_;  // with momentum
};

}  // namespace tapedeck
