#pragma once

#include "tapedeck/core/api.hpp"
#include "tapedeck/core/shape.hpp"

namespace tapedeck::kernels {

/// A matrix whose element (i, j) lies at data[i row + j column].
template <class T>
struct Strided {
  T* data;
  Index row, column;

  /// The address of an element.
  T* at(Index i, Index j) const { return data + i * row + j * column; }
  /// What begins at an element; without data it stays so.
  Strided from(Index i, Index j) const { return {data == nullptr ? nullptr : at(i, j), row, column}; }
  /// The transpose, in the same memory.
  Strided transposed() const { return {data, column, row}; }
};

/// c = start + a b, m x k times k x n. `start` may be c itself, have a stride of 0, or no data, which is
/// zero.
template <class T>
struct Product {
  Strided<T> c;
  Strided<const T> start;
  Strided<const T> a, b;
  Index m, n, k;

  /// c' = start' + b' a'.
  Product transposed() const {
    return {c.transposed(), start.transposed(), b.transposed(), a.transposed(), n, m, k};
  }
};

/// Computes a product whose matrices fit into a cache, and whose rows or columns each lie without gaps.
/// Nothing is allocated. Each element is within (k + 1) eps of the sum of the sizes of its k + 1 terms, and
/// the same wherever the matrices are in memory.
TAPEDECK_API void small_product(const Product<float>& p);
TAPEDECK_API void small_product(const Product<double>& p);

}  // namespace tapedeck::kernels
