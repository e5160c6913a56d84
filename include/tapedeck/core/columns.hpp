#pragma once

/// @file
/// Some columns of a matrix that lives elsewhere: what a batch is before it is on a tape.

#include <cstddef>

#include "tapedeck/core/matrix.hpp"

namespace tapedeck {

/// `count` samples of a matrix: its columns order[0], order[1], ..., or, without an order, `count` columns in
/// a row. It owns nothing; the matrix and the order must outlive it. The order is not checked: its numbers
/// must be less than the number of the matrix's columns.
struct Columns {
  Element element = Element::real32;  ///< what `data` points to
  /// The first column: of the matrix if there is an order, of the selection if not.
  const void* data = nullptr;
  Index rows = 0;                ///< of each column
  Index count = 0;               ///< how many columns
  const Index* order = nullptr;  ///< `count` numbers of columns; null for columns in a row

  /// No columns.
  Columns() = default;
  /// All columns of a matrix of float, double or Index.
  template <class T>
  explicit Columns(const Matrix<T>& matrix)
      : element(element_of<T>), data(matrix.memptr()), rows(matrix.n_rows), count(matrix.n_cols) {}

  /// rows x count.
  Shape shape() const { return {rows, count}; }

  /// Columns first, first + 1, ..., first + size - 1 of these; not checked.
  Columns part(Index first, Index size) const {
    Columns columns = *this;
    columns.count = size;
    if (order != nullptr) {
      columns.order = order + first;
    } else {
      columns.data = static_cast<const std::byte*>(data) + first * rows * size_in_bytes(element);
    }
    return columns;
  }
};

}  // namespace tapedeck
