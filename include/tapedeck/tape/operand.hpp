#pragma once

/// @file
/// What the library's functions take where a Value is not the only thing that makes sense.

#include <variant>

#include "tapedeck/core/columns.hpp"
#include "tapedeck/param/parameter.hpp"
#include "tapedeck/tape/detail/pass.hpp"
#include "tapedeck/tape/value.hpp"

namespace tapedeck {

/// A Value; a Parameter or Buffer of the tape's store; or data, which is put on the tape when it is used: a
/// batch's columns, or a whole matrix. Lives no longer than the call it is an argument of: it refers to data.
class TAPEDECK_API Operand {
 public:
  // NOLINTBEGIN(google-explicit-constructor): to be passed where an Operand is wanted is its purpose
  /// Itself.
  Operand(const Value& value) : what_(value) {}
  /// A trained matrix: its cotangent goes to the gradients.
  Operand(const Parameter& parameter) : what_(parameter) {}
  /// State that is not trained; no cotangent.
  Operand(const Buffer& buffer) : what_(buffer) {}
  /// A batch's x or y; no cotangent. Columns in a row of the tape's scalar, or of labels, are borrowed and
  /// must outlive the tape; others are copied.
  Operand(const Columns& data) : what_(data) {}
  /// A whole matrix of float, double or Index, copied; no cotangent.
  template <class T>
  Operand(const Matrix<T>& data) : what_(Columns(data)), copied_(true) {}
  // NOLINTEND(google-explicit-constructor)

  /// Itself as a Value on the tape. HandleError for a Parameter or Buffer of another store; a Value is given
  /// back as it is, and checked by the op that uses it.
  Value on(Tape& tape) const;

  /// For `apply`: returns its entry of a pass, on which data is put first.
  std::uint32_t entry_on(detail::Pass& pass) const {
    if (const auto* value = std::get_if<Value>(&what_)) return pass.resolve(*value);
    if (const auto* parameter = std::get_if<Parameter>(&what_)) return pass.resolve(*parameter);
    if (const auto* buffer = std::get_if<Buffer>(&what_)) return pass.resolve(*buffer);
    return append_to(pass);
  }

 private:
  std::uint32_t append_to(detail::Pass& pass) const;

  std::variant<Value, Parameter, Buffer, Columns> what_;
  bool copied_ = false;  // a matrix may be a temporary, so the tape cannot borrow it
};

}  // namespace tapedeck
