#pragma once

/// @file
/// What numbers may be, in a form that options and states share.

namespace tapedeck {

/// A range of numbers.
///
///     constexpr td::NumberRange positive{[](double x) { return x > 0; }, "x > 0"};
struct NumberRange {
  bool (*holds)(double x);  ///< returns true for the numbers in it
  const char* wanted;       ///< what errors say is expected: "0 <= x < 1"
};

}  // namespace tapedeck
