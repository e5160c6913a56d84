#pragma once

#include "tapedeck/core/api.hpp"
#include "tapedeck/core/map.hpp"
#include "tapedeck/core/matrix.hpp"

namespace tapedeck::kernels {

/// sum(i) = x(i, 0) + x(i, 1) + ..., or sum(i) += ..., of a rows x cols matrix. Columns are added up in
/// blocks of 128, in four partial sums each: within (35 + cols / 128) eps of the sum of |x(i, j)|, and the
/// same wherever the matrix is in memory.
TAPEDECK_API void sum_rows(float* sum, bool add, const float* x, Index rows, Index cols);
TAPEDECK_API void sum_rows(double* sum, bool add, const double* x, Index rows, Index cols);

/// The sums of a matrix's rows, a column, computed when it is written into a matrix; used as tapedeck::Map
/// is, and with its errors.
template <class T>
class RowSums {
 public:
  /// Of a matrix that outlives it.
  explicit RowSums(const Matrix<T>& x) : x_(x) {}

  /// As many rows as the matrix has.
  Shape shape() const { return {x_.n_rows, 1}; }
  /// target = x 1. The target may not be the matrix.
  void into(Matrix<T>& target) const { run_on(target, false); }
  /// target += x 1. The target may not be the matrix.
  void onto(Matrix<T>& target) const { run_on(target, true); }

 private:
  void run_on(Matrix<T>& target, bool add) const {
    if (shape() != shape_of(target)) detail::refuse_map(shape_of(target), shape());
    sum_rows(target.memptr(), add, x_.memptr(), x_.n_rows, x_.n_cols);
  }

  const Matrix<T>& x_;
};

}  // namespace tapedeck::kernels
