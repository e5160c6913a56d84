#pragma once

/// @file
/// The fully connected layer.

#include <optional>
#include <string>
#include <vector>

#include "tapedeck/layers/layer.hpp"
#include "tapedeck/param/parameter_store.hpp"

namespace tapedeck {

/// What a Linear is made with besides its sizes.
struct LinearOptions {
  bool bias = true;                              ///< without one, y = W x
  Initializer weight_values = fan_in_uniform();  ///< U(-1/sqrt(in), 1/sqrt(in)), as in PyTorch
  /// With the fan-in of the weight: U(-1/sqrt(in), 1/sqrt(in)) by default, as in PyTorch.
  Initializer bias_values = fan_in_uniform();
};

/// y = W x + b 1', W an [out, in] parameter "weight" of group "weights" and b an [out, 1] parameter "bias" of
/// group "biases".
class TAPEDECK_API Linear {
 public:
  static constexpr const char* kind = "linear";

  /// Adds its parameters to the scope. UsageError, NameError and ShapeError as those of
  /// `ParameterStore::add`.
  Linear(const Scope& scope, Index in, Index out, const LinearOptions& options = {});

  /// x is in x batch; gives out x batch. ShapeError for another number of rows.
  Value operator()(const Value& x) const;

  /// [out, in].
  Parameter weight() const { return weight_; }
  /// [out, 1]. UsageError for a layer without bias.
  Parameter bias() const;

  const std::string& name() const { return name_; }
  std::string describe() const;
  std::vector<NamedParameter> parameters() const;

 private:
  std::string name_;
  Index in_;
  Index out_;
  Parameter weight_;
  std::optional<Parameter> bias_;
};

extern template TAPEDECK_API Layer::Layer(Linear);

}  // namespace tapedeck
