#pragma once

/// @file
/// The ranges that options, sizes and labels are held to. Asked at each use, so that nothing is allocated as
/// long as all is well.

#include <cmath>
#include <limits>
#include <string>
#include <string_view>

#include "core/text.hpp"
#include "tapedeck/core/error.hpp"
#include "tapedeck/core/matrix.hpp"
#include "tapedeck/core/number_range.hpp"

namespace tapedeck::ranges {

inline void require(bool fulfilled, std::string_view who, const char* option, double given,
                    const char* wanted, const char* hint = "") {
  if (fulfilled) return;
  throw OptionError({.who = std::string(who),
                     .given = std::string(option) + " = " + to_text(given),
                     .wanted = wanted,
                     .hint = hint});
}

inline void require(const NumberRange& range, std::string_view who, const char* option, double x) {
  require(range.holds(x), who, option, x, range.wanted);
}

inline constexpr NumberRange finite{[](double x) { return std::isfinite(x); }, "a finite number"};
inline constexpr NumberRange not_negative{[](double x) { return std::isfinite(x) && x >= 0; },
                                          "a finite number, at least 0"};
inline constexpr NumberRange positive{[](double x) { return std::isfinite(x) && x > 0; },
                                      "a finite number above 0"};
/// What a running average keeps of its past at each step.
inline constexpr NumberRange decay_rate{[](double x) { return x >= 0 && x < 1; }, "0 <= x < 1"};
/// A decay rate that is not 0 if, and only if, there is a velocity that it applies to.
inline NumberRange momentum_of(bool velocity) {
  if (velocity) return {[](double x) { return x > 0 && x < 1; }, "0 < x < 1"};
  return {[](double x) { return x == 0; }, "0"};
}
/// A mean of squares; NaN where a gradient was.
inline constexpr NumberRange square{[](double x) { return !(x < 0); }, "a number, at least 0"};
/// What part of a mixture something is.
inline constexpr NumberRange fraction{[](double x) { return x >= 0 && x <= 1; }, "0 <= x <= 1"};

/// The same in a store's scalar: what is finite as a double may be infinite as a float.
inline NumberRange not_negative_in(Scalar scalar) {
  if (scalar == Scalar::f64) return not_negative;
  return {[](double x) { return x >= 0 && x <= static_cast<double>(std::numeric_limits<float>::max()); },
          "a finite number, at least 0, as a float"};
}

/// The same in a store's scalar: what is above 0 as a double may be 0 as a float.
inline NumberRange positive_in(Scalar scalar) {
  if (scalar == Scalar::f64) {
    return {[](double x) { return std::isfinite(x) && x >= std::numeric_limits<double>::min(); },
            "a finite number above 0"};
  }
  return {[](double x) {
            return std::isfinite(x) && x >= static_cast<double>(std::numeric_limits<float>::min());
          },
          "a finite number above 0, as a float"};
}

inline void require_finite(std::string_view who, const char* option, double x) {
  require(finite, who, option, x);
}
inline void require_not_negative(std::string_view who, const char* option, double x) {
  require(not_negative, who, option, x);
}
inline void require_not_negative(std::string_view who, const char* option, double x, Scalar scalar) {
  require(not_negative_in(scalar), who, option, x);
}
inline void require_positive(std::string_view who, const char* option, double x) {
  require(positive, who, option, x);
}
inline void require_positive(std::string_view who, const char* option, double x, Scalar scalar) {
  require(positive_in(scalar), who, option, x);
}
inline void require_memory(std::string_view who, const char* option, double x) {
  require(decay_rate, who, option, x);
}
inline void require_fraction(std::string_view who, const char* option, double x) {
  require(fraction, who, option, x);
}

/// As many doubles as the 2^47 bytes hold that a process can address.
inline constexpr Index most_elements = Index{1} << 44U;

/// A size that was computed and came out negative is huge as an Index; a product of two would wrap around.
inline void require_possible(std::string_view who, Shape shape) {
  constexpr Index limit = Index{1} << 32U;
  if (shape.rows < limit && shape.cols < limit && shape.size() <= most_elements) return;
  throw ShapeError({.who = std::string(who),
                    .given = to_string(shape),
                    .wanted = "fewer than 2^32 rows and columns, and at most 2^44 elements",
                    .hint = "was a size negative?"});
}

/// `name` says what the label is: "label", "predicted class".
inline void require_label(std::string_view who, const char* name, Index label, Index sample, Index classes) {
  if (label < classes) return;
  throw LabelError(
      {.who = std::string(who),
       .given = std::string(name) + " " + std::to_string(label) + " of sample " + std::to_string(sample),
       .wanted = "less than " + std::to_string(classes) + ", the number of classes",
       .hint = label >> 63U != 0 ? "was it negative?" : "labels are counted from 0"});
}

}  // namespace tapedeck::ranges
