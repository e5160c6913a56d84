#pragma once

/// @file
/// Matrix products into memory that exists.

#include "tapedeck/core/matrix.hpp"

namespace tapedeck {

/// A matrix, or its transpose, as a factor.
template <class T>
struct Factor {
  const Matrix<T>& matrix;  ///< must outlive the factor
  bool transposed = false;  ///< the factor is the matrix's transpose; nothing is moved for it

  /// Of the factor, so the matrix's columns if it is transposed.
  Index rows() const { return transposed ? matrix.n_cols : matrix.n_rows; }
  /// Of the factor, so the matrix's rows if it is transposed.
  Index cols() const { return transposed ? matrix.n_rows : matrix.n_cols; }
};

/// c = a b, or c += a b if `accumulate`: c is m x n, a is m x k, b is k x n, of float or double. With k = 0
/// the product is zero. Picks its route by shape and never allocates. ShapeError if the shapes do not fit
/// or a size is 2^31 or more, UsageError if `c` lies in the memory of a factor.
template <class T>
TAPEDECK_API void multiply(Matrix<T>& c, Factor<T> a, Factor<T> b, bool accumulate = false);

extern template TAPEDECK_API void multiply(Matrix<float>&, Factor<float>, Factor<float>, bool);
extern template TAPEDECK_API void multiply(Matrix<double>&, Factor<double>, Factor<double>, bool);

}  // namespace tapedeck
