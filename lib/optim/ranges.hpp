#pragma once

/// @file
/// The ranges that options of optimizers and schedulers are held to.

#include <cmath>
#include <limits>
#include <sstream>
#include <string>

#include "tapedeck/core/error.hpp"
#include "tapedeck/core/matrix.hpp"

namespace tapedeck::ranges {

inline void require(bool fulfilled, const char* who, const char* option, double given, const char* wanted) {
  if (fulfilled) return;
  std::ostringstream text;
  text << option << " = " << given;
  throw OptionError({.who = who, .given = text.str(), .wanted = wanted});
}

inline void require_not_negative(const char* who, const char* option, double x) {
  require(std::isfinite(x) && x >= 0, who, option, x, "a finite number, at least 0");
}

inline void require_positive(const char* who, const char* option, double x) {
  require(std::isfinite(x) && x > 0, who, option, x, "a finite number above 0");
}

/// What a running average keeps of its past at each step.
inline void require_memory(const char* who, const char* option, double x) {
  require(x >= 0 && x < 1, who, option, x, "0 <= x < 1");
}

/// What keeps a quotient from 0/0 must not itself be 0 in the store's scalar.
inline void require_epsilon(const char* who, double x, Scalar scalar) {
  const double smallest = scalar == Scalar::f32 ? static_cast<double>(std::numeric_limits<float>::min())
                                                : std::numeric_limits<double>::min();
  require(std::isfinite(x) && x >= smallest, who, "epsilon", x,
          scalar == Scalar::f32 ? "a finite number above 0, as a float" : "a finite number above 0");
}

}  // namespace tapedeck::ranges
