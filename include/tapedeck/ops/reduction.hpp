#pragma once

/// @file
/// Sums and means, accumulated in double.

#include <cstdint>

#include "tapedeck/tape/value.hpp"

namespace tapedeck {

/// What a sum runs over, and so what is left of an f x batch matrix.
enum class Over : std::uint8_t {
  everything,  ///< 1 x 1
  features,    ///< 1 x batch: one number a sample
  batch,       ///< f x 1: one number a feature
};
inline constexpr Over over_everything = Over::everything;  ///< Over::everything
inline constexpr Over over_features = Over::features;      ///< Over::features
inline constexpr Over over_batch = Over::batch;            ///< Over::batch

/// The sum. Every element that went in gets the cotangent of the sum it went into. A sum of nothing is 0.
TAPEDECK_API Value sum(const Value& x, Over over = over_everything);
/// The mean. Every element that went in gets the cotangent of the mean it went into, divided by how many went
/// in. ShapeError if there is nothing to take the mean of.
TAPEDECK_API Value mean(const Value& x, Over over = over_everything);

}  // namespace tapedeck
