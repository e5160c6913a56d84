#pragma once

/// @file
/// What a loop over a matrix is told: sizes, a shape, where a result goes. No Armadillo.

namespace tapedeck {

/// Sizes, positions and class labels: 64 bits without a sign; arma::uword.
using Index = unsigned long long;

/// The size of a matrix; with samples in it, features x batch.
struct Shape {
  Index rows = 0;  ///< features
  Index cols = 0;  ///< samples

  /// How many elements.
  constexpr Index size() const { return rows * cols; }
  /// Equal in rows and in columns.
  friend constexpr bool operator==(Shape, Shape) = default;
};

/// Where a result goes: it is written to `data`, or added to what is there; nowhere if `data` is null.
template <class T>
struct Destination {
  T* data;   ///< of the result's shape, column by column
  bool add;  ///< false: what is there may be anything, and is not read
};

}  // namespace tapedeck
