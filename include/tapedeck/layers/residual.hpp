#pragma once

/// @file
/// A layer with a way around it.

#include <string>
#include <vector>

#include "tapedeck/layers/layer.hpp"

namespace tapedeck {

/// y = x + f(x) (He, Zhang, Ren and Sun, CVPR 2016): f is any layer that keeps the shape; ShapeError if it
/// does not.
class TAPEDECK_API Residual {
 public:
  static constexpr const char* kind = "residual";

  /// Around any layer.
  explicit Residual(const Layer& layer);

  /// x is of any shape that f keeps.
  Value operator()(const Value& x) const;
  std::string describe() const;
  /// Those of f, under the names that f has for them.
  std::vector<NamedParameter> parameters() const;
  /// f.
  const Layer& layer() const { return layer_; }

 private:
  Layer layer_;
};

extern template TAPEDECK_API Layer::Layer(Residual);

}  // namespace tapedeck
