#pragma once

#include "tapedeck/core/api.hpp"
#include "tapedeck/core/shape.hpp"

/// Functions of elements and of columns, in vectors of the widest kind that the processor has. A value's bits
/// depend on the processor, but not on where in memory or in the batch the value stands. NaN gives NaN, and
/// nothing is flushed to zero. Accuracy is in units in the last place (ulp) of the result, float / double, on
/// any processor, for dy = 1 where there is one; the tests measure it.
namespace tapedeck::kernels {

/// For each element; a and b are the numbers of `with`. u = x - t; m is the smallest normal number.
enum ElementFunction : unsigned char {
  scale,            ///< x: a x                                       0.5 ulp
  relu,             ///< x: max(x, 0)                                 exact
  relu_vjp,         ///< dy, y: 0 where y <= 0, else dy               exact
  leaky_relu,       ///< x: x where x > 0, else a x                   0.5 ulp
  leaky_relu_vjp,   ///< dy, x: dy where x > 0, else a dy             0.5 ulp
  tanh,             ///< x                                            3 / 3 ulp
  tanh_vjp,         ///< dy, y: dy (1 - y^2)                          2 / 2 ulp
  sigmoid,          ///< x: 1 / (1 + exp(-x))                         3 / 3 ulp
  sigmoid_vjp,      ///< dy, y: dy y (1 - y)                          2 / 2 ulp
  softplus,         ///< x: log(1 + exp(x))                           3 / 3 ulp
  softplus_vjp,     ///< dy, x: dy sigmoid(x)                         3 / 3 ulp
  elu,              ///< x: x where x > 0, else a (exp(x) - 1)        4 / 4 ulp
  elu_vjp,          ///< dy, x: dy where x > 0, else dy a exp(x)      2 / 2 ulp
  silu,             ///< x: x sigmoid(x)                              3 / 3 ulp, of 1024 m if that is larger
  silu_vjp,         ///< dy, x: dy s (1 + x (1 - s)), s = sigmoid(x)  4 / 4 ulp, of 0.25 if that is larger
  gelu,             ///< x: x P(x), P = erfc(-x / sqrt 2) / 2         8 / 10 ulp, of 1024 m if that is larger
  gelu_vjp,         ///< dy, x: dy (P(x) + x p(x)), p = P'            8 / 10 ulp, of 0.25 if that is larger
  select,           ///< x, m: m x where m is not 0, else 0           0.5 ulp
  difference,       ///< x, t: a u                                    1.5 ulp
  sign_difference,  ///< x, t: a sign(u); NaN for NaN and for Inf - Inf     exact
  clamped_difference,   ///< x, t: a max(-b, min(b, u))                   1.5 ulp
  logistic_difference,  ///< x, t: a (sigmoid(x) - t)                     3 / 3 ulp, of a if that is larger
};

/// For each column; sums are kept in double. softmax and log_softmax are written, never added to what is
/// there. Off by so many eps of T:
enum ColumnFunction : unsigned char {
  softmax,          ///< x: exp(x) / sum(exp(x))            (3 + |log y|) y, or the smallest denormal number
  softmax_vjp,      ///< dy, y: y (.) (dy - sum(dy (.) y))  3 (max|dy| + |sum(dy)|)
  log_softmax,      ///< x: x - log(sum(exp(x)))            3 + |y|
  log_softmax_vjp,  ///< dy, y: dy - exp(y) sum(dy)         3 (max|dy| + |sum(dy)|)
};

/// What a kernel is given: f(x(i), z(i)) goes to target(i).
template <class T>
struct Call {
  Destination<T> target;
  Index rows, cols;
  const T *x, *z;
  T a, b;
};

TAPEDECK_API void run(ElementFunction f, const Call<float>& call);
TAPEDECK_API void run(ElementFunction f, const Call<double>& call);
TAPEDECK_API void run(ColumnFunction f, const Call<float>& call);
TAPEDECK_API void run(ColumnFunction f, const Call<double>& call);

}  // namespace tapedeck::kernels
