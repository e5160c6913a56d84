#pragma once

#include "tapedeck/core/api.hpp"
#include "tapedeck/core/shape.hpp"

/// Cross-entropy of softmax(z), column by column, by the formulas in cross_entropy.cpp; z is classes x batch.
/// Sums are kept in double; a column's bits do not depend on its place. A column in which there is NaN or
/// +Inf, or only -Inf, gives NaN.
///
/// Off by so many eps of T: p by those of map.hpp's softmax, lse by 4 (1 + |lse|), a sum of losses by 4 times
/// the sum of 1 + |lse| + |z| over what it adds up, weighted by t; a cotangent by 3 of its terms.
namespace tapedeck::kernels {

/// Sets p to softmax(z); returns the sum of the losses of labels, which are below the number of classes.
TAPEDECK_API double cross_entropy(float* p, const float* z, Shape shape, const Index* labels);
TAPEDECK_API double cross_entropy(double* p, const double* z, Shape shape, const Index* labels);

/// Sets p to softmax(z) and lse, 1 x batch; returns the sum of the losses of distributions t, classes x
/// batch.
TAPEDECK_API double soft_cross_entropy(float* p, float* lse, const float* z, Shape shape, const float* t);
TAPEDECK_API double soft_cross_entropy(double* p, double* lse, const double* z, Shape shape, const double* t);

/// The cotangents of soft_cross_entropy's z and t, times a.
template <class T>
struct SoftCrossEntropyVjp {
  Shape shape;
  T a;
  const T *z, *t, *p, *lse;
  Destination<T> dz, dt;
};
TAPEDECK_API void run(const SoftCrossEntropyVjp<float>& call);
TAPEDECK_API void run(const SoftCrossEntropyVjp<double>& call);

}  // namespace tapedeck::kernels
