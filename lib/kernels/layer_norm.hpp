#pragma once

#include "tapedeck/core/api.hpp"
#include "tapedeck/core/shape.hpp"

/// Layer normalisation of f x b matrices, by the formulas in layer_norm.cpp: as exact as BatchNorm is, see
/// batch_norm.hpp, with sums of f terms. gain and bias are f x 1, n is 1 x b. A column's h, y and dx do not
/// depend on the other columns.
namespace tapedeck::kernels {

/// Normalises each column, of at least 1 feature, by its own statistics.
template <class T>
struct LayerNorm {
  Shape shape;
  const T *x, *gain, *bias;
  double epsilon;
  T *y, *h, *n;
};
template <class T, class... Rest>
LayerNorm(Shape, const T*, const Rest&...) -> LayerNorm<T>;
TAPEDECK_API void run(const LayerNorm<float>& call);
TAPEDECK_API void run(const LayerNorm<double>& call);

/// The cotangents of LayerNorm's inputs.
template <class T>
struct LayerNormVjp {
  Shape shape;
  const T *dy, *gain, *h, *n;
  Destination<T> dx, dgain, dbias;
};
template <class T, class... Rest>
LayerNormVjp(Shape, const T*, const Rest&...) -> LayerNormVjp<T>;
TAPEDECK_API void run(const LayerNormVjp<float>& call);
TAPEDECK_API void run(const LayerNormVjp<double>& call);

}  // namespace tapedeck::kernels
