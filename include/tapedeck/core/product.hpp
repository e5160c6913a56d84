#pragma once

/// @file
/// Matrix products into memory that exists.

#include "tapedeck/core/matrix.hpp"

namespace tapedeck {

/// A matrix, or its transpose, as a factor.
template <class T>
struct Factor {
  const Matrix<T>& matrix;
  bool transposed = false;

  Index rows() const { return transposed ? matrix.n_cols : matrix.n_rows; }
  Index cols() const { return transposed ? matrix.n_rows : matrix.n_cols; }
};

/// c = a b, or c += a b if `accumulate`. Picks the BLAS call by shape and never allocates. ShapeError if
/// the shapes do not fit or a size is 2^31 or more, UsageError if `c` lies in the memory of a factor.
template <class T>
TAPEDECK_API void multiply(Matrix<T>& c, Factor<T> a, Factor<T> b, bool accumulate = false);

extern template TAPEDECK_API void multiply(Matrix<float>&, Factor<float>, Factor<float>, bool);
extern template TAPEDECK_API void multiply(Matrix<double>&, Factor<double>, Factor<double>, bool);

}  // namespace tapedeck
