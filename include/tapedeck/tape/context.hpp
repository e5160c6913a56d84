#pragma once

/// @file
/// What an op may ask of the tape that it is applied on.

#include "tapedeck/tape/detail/errors.hpp"
#include "tapedeck/tape/detail/pass.hpp"

namespace tapedeck {

/// What a forward may ask of its tape.
class Context {
 public:
  /// Made by the library for each call of a forward.
  explicit Context(detail::Pass& pass) : pass_(pass) {}

  /// Whether the tape is in train mode.
  bool training() const { return pass_.mode() == train; }
  /// A stream for this use of this layer at this step; the same in a recomputation.
  Random random() { return pass_.random.next(pass_.records.layer()); }
  /// Where this tape's first column lies in the whole batch: the column to add when drawing.
  Index first_column() const { return pass_.first_column(); }
  /// Keeps a batch's statistic; at the optimizer's step, buffer = (1 - momentum) buffer + momentum statistic.
  /// `statistic` must be one of the forward's outputs or of what it saves. ShapeError if it has not the
  /// buffer's shape.
  template <class T>
  void record_statistic(Buffer buffer, const Matrix<T>& statistic, double momentum) {
    detail::require_statistic(pass_, buffer, shape_of(statistic));
    pass_.statistics.record({buffer.slot(), statistic.memptr(), statistic.n_elem, momentum});
  }

 private:
  detail::Pass& pass_;
};

}  // namespace tapedeck
