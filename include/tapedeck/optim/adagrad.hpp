#pragma once

/// @file
/// Adagrad.

#include "tapedeck/optim/optimizer.hpp"

namespace tapedeck {

/// Adagrad (Duchi, Hazan and Singer, JMLR 12, 2011), epsilon outside the root; weight decay is coupled. As in
/// PyTorch.
class TAPEDECK_API Adagrad : public Optimizer {
 public:
  struct Options {
    double learning_rate = 0.01;
    double learning_rate_decay =
        0;                      ///< step t has the rate learning_rate / (1 + (t - 1) learning_rate_decay)
    double initial_square = 0;  ///< what the sums of squares start from (PyTorch's initial_accumulator_value)
    double epsilon = 1e-10;     ///< above 0
    double weight_decay = 0;
    Untouched untouched = Untouched::skip;
  };

  explicit Adagrad(ParameterStore& store);
  /// OptionError if an option is out of range.
  Adagrad(ParameterStore& store, const Options& options);

 private:
  void update(const Run& run) override;
  template <class T>
  void adapt(const Run& run);

  Options options_;
  FlatBuffer square_;
};

}  // namespace tapedeck
