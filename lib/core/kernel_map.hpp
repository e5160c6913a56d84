#pragma once

#include <algorithm>
#include <utility>

#include "kernels/map.hpp"
#include "tapedeck/core/map.hpp"
#include "tapedeck/core/parallel.hpp"

namespace tapedeck::kernels {

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
