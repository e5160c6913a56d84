#pragma once

#include "tapedeck/core/api.hpp"
#include "tapedeck/core/shape.hpp"

/// Batch normalisation of f x b matrices, by the formulas in batch_norm.cpp. What there is one of for each
/// feature is f x 1.
///
/// BatchNorm and BatchNormVjp compute everything but y in double, round it to T once, and take a variance
/// about the mean. With e the eps of double, each sum of b terms is within (b + 8) e of the sum of its terms'
/// magnitudes: h is off by half an ulp and (b + 8) e (n max|x| + |h|), a sum of cotangents by half an ulp and
/// (b + 8) e of its terms. y is off by eps of T times |gain h| + |bias|, from the rounded h. A row's bits do
/// not depend on the others.
namespace tapedeck::kernels {

/// Normalises by the statistics of the batch, of at least 2 columns.
template <class T>
struct BatchNorm {
  Shape shape;
  const T *x, *gain, *bias;
  double epsilon;
  T *y, *h, *n, *mean, *unbiased;
};
template <class T, class... Rest>
BatchNorm(Shape, const T*, const Rest&...) -> BatchNorm<T>;
TAPEDECK_API void run(const BatchNorm<float>& call);
TAPEDECK_API void run(const BatchNorm<double>& call);

/// The cotangents of BatchNorm's inputs.
template <class T>
struct BatchNormVjp {
  Shape shape;
  const T *dy, *gain, *h, *n;
  Destination<T> dx, dgain, dbias;
};
template <class T, class... Rest>
BatchNormVjp(Shape, const T*, const Rest&...) -> BatchNormVjp<T>;
TAPEDECK_API void run(const BatchNormVjp<float>& call);
TAPEDECK_API void run(const BatchNormVjp<double>& call);

/// Normalises by given statistics, in T: y is off by 3 eps of |gain n (x - mean)| and one of |bias|.
template <class T>
struct BatchNormGiven {
  Shape shape;
  const T *x, *gain, *bias, *mean, *variance;
  double epsilon;
  T* y;
};
template <class T, class... Rest>
BatchNormGiven(Shape, const T*, const Rest&...) -> BatchNormGiven<T>;
TAPEDECK_API void run(const BatchNormGiven<float>& call);
TAPEDECK_API void run(const BatchNormGiven<double>& call);

/// The cotangents of BatchNormGiven's inputs; dx is off by 3 eps.
template <class T>
struct BatchNormGivenVjp {
  Shape shape;
  const T *dy, *x, *gain, *mean, *variance;
  double epsilon;
  Destination<T> dx, dgain, dbias, dmean, dvariance;
};
template <class T, class... Rest>
BatchNormGivenVjp(Shape, const T*, const Rest&...) -> BatchNormGivenVjp<T>;
TAPEDECK_API void run(const BatchNormGivenVjp<float>& call);
TAPEDECK_API void run(const BatchNormGivenVjp<double>& call);

}  // namespace tapedeck::kernels
