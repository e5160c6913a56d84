#pragma once

/// @file
/// A handle to something on a tape.

#include <cstdint>

#include "tapedeck/core/matrix.hpp"

namespace tapedeck {

class Tape;
namespace detail {
class Pass;
Pass& pass_of(const Tape& tape);
}  // namespace detail

/// Something recorded on a tape: an input, or what an op gave. Copies mean the same thing. A Value ends with
/// its tape; using it afterwards, or together with Values of another tape, throws HandleError.
class TAPEDECK_API Value {
 public:
  /// Means nothing yet; using it throws HandleError.
  Value() = default;

  /// Features x batch.
  Shape shape() const;
  /// Features.
  Index rows() const { return shape().rows; }
  /// Samples.
  Index cols() const { return shape().cols; }
  /// The scalar of the tape's store, or an index.
  Element element() const;

  /// A view of the elements, which lives as long as the tape. ScalarError if T is not the element type,
  /// HandleError if the Value was released (see Sequential).
  template <class T>
  const Matrix<T>& matrix() const;

  /// The one element of a 1x1 Value, such as a loss, converted to double. ShapeError for any other shape.
  double item() const;

  /// What `backward` left for a variable of the tape; a matrix of zeros if nothing depended on it. UsageError
  /// before `backward`, and for Values that are no variables (`tape.vjp` gives their cotangents; that of a
  /// parameter is its gradient); ScalarError if T is not the element type.
  template <class T>
  const Matrix<T>& cotangent() const;

  /// The tape that it is on.
  inline Tape& tape() const;

 private:
  friend class detail::Pass;
  Value(detail::Pass& pass, std::uint64_t number) : pass_(&pass), number_(number) {}

  detail::Pass* pass_ = nullptr;
  std::uint64_t number_ = 0;  // counts through all passes of one Memory, so a stale number is out of range
};

}  // namespace tapedeck
