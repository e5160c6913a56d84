#pragma once

/// @file
/// A matrix whose number of columns is not known beforehand.

#include <algorithm>
#include <memory>
#include <vector>

#include "io/huge_pages.hpp"
#include "tapedeck/core/matrix.hpp"

namespace tapedeck::detail {

/// Samples of so many rows, one after another, in pieces of 128 KiB: growing copies nothing.
class GrowingSamples {
 public:
  explicit GrowingSamples(Index rows)
      : rows_(rows), per_piece_(std::max<Index>(1, (Index{1} << 14U) / std::max<Index>(rows, 1))) {}

  /// Where the sample behind the last one is to be written; it counts once it is kept.
  double* next() {
    const Index piece = count_ / per_piece_;
    if (piece == pieces_.size()) pieces_.emplace_back(new double[per_piece_ * rows_]);
    return pieces_[piece].get() + (count_ % per_piece_) * rows_;
  }
  void keep() { ++count_; }
  Index count() const { return count_; }

  /// All samples, rows x count; each piece is given up as soon as it is copied, the last one first, as
  /// the C library gives back what lies on top.
  Matrix<double> taken() {
    Matrix<double> all(rows_, count_, arma::fill::none);
    prefer_huge_pages(all.memptr(), all.n_elem * sizeof(double));
    for (Index piece = pieces_.size(); piece-- > 0;) {
      const Index first = piece * per_piece_;
      const Index count = std::min(per_piece_, count_ - std::min(first, count_));
      std::copy_n(pieces_[piece].get(), count * rows_, all.memptr() + first * rows_);
      pieces_[piece].reset();
    }
    return all;
  }

 private:
  Index rows_;
  Index per_piece_;
  Index count_ = 0;
  std::vector<std::unique_ptr<double[]>> pieces_;
};

}  // namespace tapedeck::detail
