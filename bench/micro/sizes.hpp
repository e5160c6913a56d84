#pragma once

#include <vector>

#include "tapedeck/bench/op_benchmark.hpp"

/// What the library's own benchmarks are run at.
namespace bench {

namespace td = tapedeck;

/// One sample, a small batch of small layers, and a matrix that leaves the first-level cache.
inline const std::vector<td::Shape> sizes = {{25, 1}, {25, 50}, {256, 256}};
/// The same where features are classes: of 2 and of 10 classes, too.
inline const std::vector<td::Shape> class_sizes = {{2, 50}, {10, 50}, {25, 1}, {25, 50}, {256, 256}};
/// Fewer for layers that only hold an op, whose own sizes tell the rest.
inline const std::vector<td::Shape> one_size = {{25, 50}};

/// Numbers in (0, 1), as targets that nothing flows back to.
inline td::Matrix<double> targets(td::Shape size) {
  return arma::abs(td::detail::ordinary_numbers<double>(size, 7)) / 1.2;
}
inline td::IndexMatrix labels(td::Shape size) {
  td::IndexMatrix t(1, size.cols);
  for (td::Index c = 0; c < size.cols; ++c) t[c] = (c * c + 1) % size.rows;
  return t;
}

}  // namespace bench
