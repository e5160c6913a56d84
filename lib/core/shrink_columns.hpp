#pragma once

#include "tapedeck/core/matrix.hpp"

namespace tapedeck {

/// Leaves the first `columns` columns, in the memory that the matrix has: a copy would need memory for two.
/// Only one so small that Armadillo keeps it within the object is made anew.
template <class T>
void shrink_columns(Matrix<T>& m, Index columns) {
  const Index size = m.n_rows * columns;
  if (size <= arma::arma_config::mat_prealloc) {
    m = Matrix<T>(m.head_cols(columns));
    return;
  }
  arma::access::rw(m.n_cols) = columns;
  arma::access::rw(m.n_elem) = size;
}

}  // namespace tapedeck
