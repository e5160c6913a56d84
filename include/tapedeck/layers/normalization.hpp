#pragma once

/// @file
/// Normalisation layers.

#include <string>
#include <vector>

#include "tapedeck/layers/layer.hpp"
#include "tapedeck/ops/normalization.hpp"
#include "tapedeck/param/parameter_store.hpp"

namespace tapedeck {

/// What a BatchNorm is made with besides its size; checked when it is applied, the momentum in train mode.
struct BatchNormOptions {
  double epsilon = 1e-5;  ///< added to the variance; above 0
  double momentum = 0.1;  ///< 0 to 1; running = (1 - momentum) running + momentum batch's
};

/// Normalises features over the batch in train mode, and by running statistics in evaluate mode (Ioffe and
/// Szegedy, ICML 2015; formulas at batch_norm()). Defaults and names are PyTorch's: parameters "weight", the
/// gain (1 at first), and "bias" (0), group "normalization"; buffers "running_mean" (0) and "running_var"
/// (1). A pass in train mode hands its statistics over with `backward`; the optimizer's `step` commits them.
class TAPEDECK_API BatchNorm {
 public:
  static constexpr const char* kind = "batch_norm";

  /// Adds parameters and buffers, all features x 1, to the scope. OptionError unless epsilon is finite and
  /// above 0, and 0 <= momentum <= 1; other errors as those of `ParameterStore::add`.
  BatchNorm(const Scope& scope, Index features, const BatchNormOptions& options = {});

  /// x is features x batch, and so is what it gives. ShapeError in train mode for a batch of fewer than 2.
  Value operator()(const Value& x) const;

  const std::string& name() const { return name_; }
  std::string describe() const;
  std::vector<NamedParameter> parameters() const;
  /// Its buffers, as `store.buffer<T>(layer.running().mean)` takes them, and its momentum.
  const RunningStatistics& running() const { return running_; }

 private:
  std::string name_;
  Index features_;
  double epsilon_;
  Parameter weight_;
  Parameter bias_;
  RunningStatistics running_;
};

/// What a LayerNorm is made with besides its size.
struct LayerNormOptions {
  double epsilon = 1e-5;  ///< added to the variance; above 0, checked when it is applied
};

/// Normalises each sample over its features (Ba, Kiros and Hinton, arXiv 1607.06450; formulas at
/// layer_norm()). Parameters "weight", the gain (1 at first), and "bias" (0), group "normalization".
class TAPEDECK_API LayerNorm {
 public:
  static constexpr const char* kind = "layer_norm";

  /// Adds parameters, features x 1, to the scope. OptionError unless epsilon is finite and above 0; other
  /// errors as those of `ParameterStore::add`.
  LayerNorm(const Scope& scope, Index features, const LayerNormOptions& options = {});

  /// x is features x batch, and so is what it gives.
  Value operator()(const Value& x) const { return layer_norm(x, weight_, bias_, epsilon_); }

  const std::string& name() const { return name_; }
  std::string describe() const;
  std::vector<NamedParameter> parameters() const;

 private:
  std::string name_;
  Index features_;
  double epsilon_;
  Parameter weight_;
  Parameter bias_;
};

extern template TAPEDECK_API Layer::Layer(BatchNorm);
extern template TAPEDECK_API Layer::Layer(LayerNorm);

}  // namespace tapedeck
