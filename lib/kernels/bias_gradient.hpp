#pragma once

#include "tapedeck/core/map.hpp"

namespace tapedeck::kernels {

/// db(i) = dy(i, 0) + dy(i, 1) + ...: the sums of the rows of a matrix of this shape, a column. They are kept
/// in T, like those of the products beside which they are made: for 25x50 that takes a third of the time of
/// sums.hpp's sum_rows, which keeps double. Columns are added up in chunks of 128, in four partial sums each:
/// within (35 + cols / 128) eps of the sum of |dy(i, j)|, and the same wherever the matrix is in memory.
TAPEDECK_API void bias_gradient(Destination<float> db, const float* dy, Shape shape);
TAPEDECK_API void bias_gradient(Destination<double> db, const double* dy, Shape shape);

/// The same, computed when it is written into a matrix; used as tapedeck::Map is, and with its errors.
template <class T>
class BiasGradient {
 public:
  /// Of a dy that outlives it.
  explicit BiasGradient(const Matrix<T>& dy) : dy_(dy) {}

  /// As many rows as dy has.
  Shape shape() const { return {dy_.n_rows, 1}; }
  /// target = dy 1. The target may not be dy.
  void into(Matrix<T>& target) const { run_on(target, false); }
  /// target += dy 1. The target may not be dy.
  void onto(Matrix<T>& target) const { run_on(target, true); }

 private:
  void run_on(Matrix<T>& target, bool add) const {
    if (shape() != shape_of(target)) detail::refuse_map(shape_of(target), shape());
    bias_gradient({target.memptr(), add}, dy_.memptr(), shape_of(dy_));
  }

  const Matrix<T>& dy_;
};

}  // namespace tapedeck::kernels
