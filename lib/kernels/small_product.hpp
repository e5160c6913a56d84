#pragma once

#include "tapedeck/core/matrix.hpp"

namespace tapedeck::kernels {

/// A factor of a product: element (i, j) of the matrix, or of its transpose, starts at `data` with this
/// leading dimension.
template <class T>
struct Operand {
  const T* data;
  Index leading;
  bool transposed;
};

/// c = a b, or c += a b, for m x k times k x n with everything in cache: vectors run down the columns of c,
/// or along the sum if a is transposed; nothing is packed and nothing allocated. Not for both factors
/// transposed.
template <class T>
void small_product(T* c, Index m, Index n, Index k, Operand<T> a, Operand<T> b, bool accumulate);

}  // namespace tapedeck::kernels
