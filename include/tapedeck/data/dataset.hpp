#pragma once

/// @file
/// Samples and what they should give, in memory.

#include <span>
#include <utility>

#include "tapedeck/core/columns.hpp"
#include "tapedeck/core/matrix.hpp"

namespace tapedeck {

/// Some samples of a dataset. It owns nothing: the dataset must outlive it, and so must the order of the
/// samples, if they have one.
struct Batch {
  Columns x;  ///< features x size
  Columns y;  ///< outputs x size, or labels, 1 x size

  /// How many samples.
  Index size() const { return x.count; }
  /// Samples first, first + 1, ..., first + count - 1 of these; not checked.
  Batch part(Index first, Index count) const { return {x.part(first, count), y.part(first, count)}; }
};

/// Owns samples x and their targets y; one column is one sample.
///
/// x is features x samples, float or double. y is either outputs x samples, float or double, or class labels,
/// an IndexMatrix of 1 x samples. Move matrices in to spare a copy; make an Armadillo expression a Matrix
/// first.
class TAPEDECK_API Dataset {
 public:
  /// ShapeError if x and y differ in samples or labels are not one row; ScalarError if x holds indices.
  Dataset(AnyMatrix x, AnyMatrix y);

  /// How many samples.
  Index size() const { return all().size(); }
  /// Rows of x.
  Index features() const { return all().x.rows; }
  /// Rows of y: 1 for class labels.
  Index outputs() const { return all().y.rows; }
  /// What x holds: float or double.
  Scalar scalar() const { return std::holds_alternative<Matrix<float>>(x_) ? f32 : f64; }

  /// The samples, features x samples, of whatever type they are.
  const AnyMatrix& x() const { return x_; }
  /// The targets, outputs x samples, of whatever type they are.
  const AnyMatrix& y() const { return y_; }
  /// Moves both out, to change them without a copy: `auto [x, y] = std::move(data).release();`.
  std::pair<AnyMatrix, AnyMatrix> release() &&;
  /// The samples as what they are. ScalarError if the elements are not of type T.
  template <class T>
  const Matrix<T>& x() const {
    return held<T>(x_, "x");
  }
  /// The targets as what they are. ScalarError if the elements are not of type T.
  template <class T>
  const Matrix<T>& y() const {
    return held<T>(y_, "y");
  }
  /// y as class labels. ScalarError if it holds anything else.
  const IndexMatrix& labels() const;

  /// All samples as one batch, which points into this dataset.
  Batch all() const&;
  Batch all() const&& = delete;

  /// A copy that holds float or double; labels stay labels.
  Dataset converted(Scalar scalar) const;
  /// A copy of the samples at these positions, in this order; one may occur several times. OptionError if a
  /// position is not less than `size()`.
  Dataset subset(std::span<const Index> positions) const;

 private:
  template <class T>
  static const Matrix<T>& held(const AnyMatrix& matrix, const char* name) {
    if (const auto* m = std::get_if<Matrix<T>>(&matrix)) return *m;
    refuse(name, matrix, element_of<T>);
  }
  [[noreturn]] static void refuse(const char* name, const AnyMatrix& matrix, Element wanted);

  AnyMatrix x_;
  AnyMatrix y_;
};

}  // namespace tapedeck
