#pragma once

#include "tapedeck/core/matrix.hpp"

namespace tapedeck::io {

/// Where the elements of a column-major matrix lie, visited row by row.
class RowMajor {
 public:
  /// Before the first element.
  explicit RowMajor(Shape shape) : shape_(shape) {}

  /// The place of the next one.
  Index next() {
    const Index place = row_ + col_ * shape_.rows;
    if (++col_ == shape_.cols) {
      col_ = 0;
      ++row_;
    }
    return place;
  }

 private:
  Shape shape_;
  Index row_ = 0;
  Index col_ = 0;
};

}  // namespace tapedeck::io
