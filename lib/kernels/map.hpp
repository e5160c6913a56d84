#pragma once

#include <algorithm>
#include <utility>

#include "tapedeck/core/map.hpp"
#include "tapedeck/core/parallel.hpp"

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

/// A kernel's function of matrices of one shape, computed when it is written into a matrix; used as
/// tapedeck::Map is, and with its errors.
template <class T, class Function>
class Map {
 public:
  /// What `map` gives.
  Map(Function f, const Matrix<T>& x, const Matrix<T>& z) : f_(f), x_(x), z_(z) {}

  /// Sets the numbers that the function needs.
  Map&& with(double a, double b = 0) && {
    a_ = static_cast<T>(a);
    b_ = static_cast<T>(b);
    return std::move(*this);
  }

  /// That of the matrices.
  Shape shape() const { return shape_of(x_); }
  /// target = f(matrices...). The target may not be one of the matrices.
  void into(Matrix<T>& target) const { run_on(target, false); }
  /// target += f(matrices...). The target may not be one of the matrices.
  void onto(Matrix<T>& target) const { run_on(target, true); }

 private:
  void run_on(Matrix<T>& target, bool add) const {
    for (const Shape shape : {shape_of(x_), shape_of(z_)}) {
      if (shape != shape_of(target)) detail::refuse_map(shape_of(target), shape);
    }
    const auto run_columns = [&](Index begin, Index end) {
      const Index skipped = begin * target.n_rows;
      run(f_, {{target.memptr() + skipped, add},
               target.n_rows,
               end - begin,
               x_.memptr() + skipped,
               z_.memptr() + skipped,
               a_,
               b_});
    };
    constexpr Index piece = Index{1} << 15U;  // elements, 2 to 30 microseconds
    if (target.n_elem <= piece) return run_columns(0, target.n_cols);
    parallel_ranges(target.n_cols, std::max<Index>(1, piece / target.n_rows), run_columns);
  }

  Function f_;
  const Matrix<T>& x_;
  const Matrix<T>& z_;
  T a_ = 0, b_ = 0;
};

/// A function of one matrix.
template <class Function, class T>
Map<T, Function> map(Function f, const Matrix<T>& x) {
  return {f, x, x};
}
/// A function of two, in the order that the function's line gives.
template <class Function, class T>
Map<T, Function> map(Function f, const Matrix<T>& x, const Matrix<T>& z) {
  return {f, x, z};
}

}  // namespace tapedeck::kernels
