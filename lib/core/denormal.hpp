#pragma once

/// @file
/// Averages that decay to nothing.

#include <cmath>
#include <limits>

namespace tapedeck {

/// Returns x, or 0 if x is below the smallest normal number. For averages over time that get no more
/// contributions: beta x rounds to x once x is a small multiple of the smallest denormal number, so that x
/// would stay denormal for ever, and processors take up to 100 times as long for an operation on such
/// numbers.
template <class T>
T without_denormal(T x) {
  return std::abs(x) < std::numeric_limits<T>::min() ? T(0) : x;
}

}  // namespace tapedeck
