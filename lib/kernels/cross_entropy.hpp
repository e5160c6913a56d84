#pragma once

#include "tapedeck/core/api.hpp"
#include "tapedeck/core/shape.hpp"

/// Cross-entropy of softmax(z), column by column; z is classes x batch. Sums are kept in double; a column's
/// bits do not depend on its place. A column in which there is NaN or +Inf, or only -Inf, gives NaN.
///
/// Off by so many eps of T: p by those of map.hpp's softmax, lse by 4 (1 + |lse|), a sum of losses by 4 times
/// the sum of 1 + |lse| + |z| over what it adds up, weighted by t.
namespace tapedeck::kernels {

/// p = softmax(z); gives the sum over columns of log(sum(exp(z))) - z[label]. Labels are below the number of
/// classes.
TAPEDECK_API double cross_entropy(float* p, const float* z, Shape shape, const Index* labels);
TAPEDECK_API double cross_entropy(double* p, const double* z, Shape shape, const Index* labels);

/// p = softmax(z) and lse = log(sum(exp(z))), 1 x batch; gives the sum over all elements of t (lse - z),
/// which counts as 0 where t is 0, so that what is never expected costs nothing.
TAPEDECK_API double soft_cross_entropy(float* p, float* lse, const float* z, Shape shape, const float* t);
TAPEDECK_API double soft_cross_entropy(double* p, double* lse, const double* z, Shape shape, const double* t);

/// dz = a (p sum(t) - t)     dt = a (lse - z)     within 3 ulp of their terms
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
