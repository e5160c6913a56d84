#pragma once

#include "tapedeck/core/api.hpp"
#include "tapedeck/core/shape.hpp"

/// Batch and layer normalisation of f x b matrices; gain, bias and what there is one of for each feature are
/// f x 1, sums are over the batch unless it says otherwise.
///
/// Everything but y is computed in double and rounded to T once, and a variance is taken about the mean. With
/// e the eps of double and k the number of terms of the sums, each is within (k + 8) e of the sum of its
/// terms' magnitudes: h is off by half an ulp and (k + 8) e (n max|x| + |h|), a sum of cotangents by half an
/// ulp and (k + 8) e of its terms. y is off by eps of T times |gain h| + |bias|, from the rounded h. A row's
/// bits in BatchNorm, and a column's h, y and dx in LayerNorm, do not depend on the others.
namespace tapedeck::kernels {

/// h = n (x - mean)     y = gain h + bias     n = 1 / sqrt(variance + epsilon), the variance being the biased
/// one; unbiased = variance b / (b - 1). b is at least 2.
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

/// dgain = sum(dy h)     dbias = sum(dy)     dx = gain n (dy - mean(dy) - h mean(dy h))
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

/// y = gain n (x - mean) + bias     n = 1 / sqrt(variance + epsilon), all in T: y is off by 3 eps of
/// |gain n (x - mean)| and one of |bias|, dx below by 3 eps.
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

/// dx = gain n dy     dgain = n sum(dy (x - mean))     dbias = sum(dy)     dmean = -gain n sum(dy)
/// dvariance = -gain n^3 sum(dy (x - mean)) / 2
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

/// BatchNorm's h and y, with the mean and the variance of each column; n is 1 x b. f is at least 1.
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

/// dgain = sum(dy h)     dbias = sum(dy)     dx = n (g - mean(g) - h mean(g h)), where g = gain dy and means
/// are over the features
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
