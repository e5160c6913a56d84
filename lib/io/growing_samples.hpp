#pragma once

/// @file
/// A matrix whose number of columns may turn out to be another than expected.

#include <algorithm>
#include <utility>

#include "core/shrink_columns.hpp"
#include "io/huge_pages.hpp"
#include "tapedeck/core/matrix.hpp"

namespace tapedeck::detail {

/// Samples of so many rows, one after another. Where no more come than expected, nothing is copied; memory
/// that is never written to takes none of the system's.
template <class T>
class GrowingSamples {
 public:
  GrowingSamples(Index rows, Index expected) : samples_(untouched(rows, expected)) {}

  /// Where the sample behind the last one is to be written; it counts once it is kept.
  T* next() {
    if (count_ == samples_.n_cols) resize(std::max<Index>(1, 2 * count_));
    return samples_.memptr() + count_ * samples_.n_rows;
  }
  void keep() { ++count_; }
  Index count() const { return count_; }

  /// All samples, rows x count.
  Matrix<T> taken() {
    if (count_ < samples_.n_cols) shrink_columns(samples_, count_);
    count_ = 0;
    return std::move(samples_);
  }

 private:
  static Matrix<T> untouched(Index rows, Index count) {
    Matrix<T> samples(rows, count, arma::fill::none);
    prefer_huge_pages(samples.memptr(), samples.n_elem * sizeof(T));
    return samples;
  }

  void resize(Index count) {
    Matrix<T> samples = untouched(samples_.n_rows, count);
    std::copy_n(samples_.memptr(), count_ * samples_.n_rows, samples.memptr());
    samples_ = std::move(samples);
  }

  Matrix<T> samples_;
  Index count_ = 0;
};

}  // namespace tapedeck::detail
