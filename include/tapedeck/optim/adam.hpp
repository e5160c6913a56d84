#pragma once

/// @file
/// Adam and AdamW.

#include "tapedeck/optim/optimizer.hpp"

namespace tapedeck {

/// Adam (Kingma and Ba, ICLR 2015, algorithm 1), with bias correction and epsilon outside the root; weight
/// decay is coupled. As in PyTorch.
///
/// The bias correction counts the steps of each parameter. In a float store squares of gradients above 1.8e19
/// overflow; such a gradient asks for clipping anyway.
class TAPEDECK_API Adam : public Optimizer {
 public:
  struct Options {
    double learning_rate = 1e-3;
    double beta_1 = 0.9;    ///< memory of the mean gradient, 0 <= beta_1 < 1
    double beta_2 = 0.999;  ///< memory of the mean square, 0 <= beta_2 < 1
    double epsilon = 1e-8;  ///< above 0
    double weight_decay = 0;
    Untouched untouched = Untouched::skip;
  };

  explicit Adam(ParameterStore& store);
  /// OptionError if an option is out of range.
  Adam(ParameterStore& store, const Options& options);

 protected:
  Adam(ParameterStore& store, const char* name, const Options& options, Decay decay);

 private:
  void update(const Run& run) override;
  template <class T>
  void adapt(const Run& run);

  double beta_1_;
  double beta_2_;
  double epsilon_;
  FlatBuffer mean_;
  FlatBuffer square_;
};

/// Adam with decoupled weight decay (Loshchilov and Hutter, ICLR 2019). As in PyTorch, where the decay is
/// 0.01 unless told otherwise.
class TAPEDECK_API AdamW : public Adam {
 public:
  struct Options {
    double learning_rate = 1e-3;
    double beta_1 = 0.9;
    double beta_2 = 0.999;
    double epsilon = 1e-8;
    double weight_decay = 0.01;
    Untouched untouched = Untouched::skip;
  };

  explicit AdamW(ParameterStore& store);
  /// OptionError if an option is out of range.
  AdamW(ParameterStore& store, const Options& options);
};

}  // namespace tapedeck
