#pragma once

/// @file
/// A layer with a way around it.

#include <string>
#include <utility>
#include <vector>

#include "tapedeck/layers/layer.hpp"
#include "tapedeck/ops/arithmetic.hpp"

namespace tapedeck {

/// y = x + f(x) (He, Zhang, Ren and Sun, CVPR 2016): f is any layer that keeps the shape; ShapeError if it
/// does not.
class Residual {
 public:
  static constexpr const char* kind = "residual";

  /// Around any layer.
  explicit Residual(Layer layer) : layer_(std::move(layer)) {}

  /// x is of any shape that f keeps.
  Value operator()(const Value& x) const { return add(x, layer_(x)); }
  std::string describe() const { return "Residual(" + layer_.describe() + ")"; }
  /// Those of f, under the names that f has for them.
  std::vector<NamedParameter> parameters() const { return layer_.parameters(); }
  /// f.
  const Layer& layer() const { return layer_; }

 private:
  Layer layer_;
};

}  // namespace tapedeck
