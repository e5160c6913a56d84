#pragma once

/// @file
/// Some columns of a matrix that lives elsewhere: what a batch is before it is on a tape.

#include "tapedeck/core/matrix.hpp"

namespace tapedeck {

/// `count` samples of a matrix: its columns order[0], order[1], ..., or, without an order, `count` columns in
/// a row. It owns nothing; the matrix and the order must outlive it.
struct Columns {
  Element element = Element::real32;
  const void* data =
      nullptr;  ///< the first column: of the matrix if there is an order, of the selection if not
  Index rows = 0;
  Index count = 0;
  const Index* order = nullptr;

  Columns() = default;
  /// All columns of a matrix.
  template <class T>
  explicit Columns(const Matrix<T>& matrix)
      : element(element_of<T>), data(matrix.memptr()), rows(matrix.n_rows), count(matrix.n_cols) {}

  Shape shape() const { return {rows, count}; }
};

}  // namespace tapedeck
