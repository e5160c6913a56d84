#pragma once

#include <cstdint>

#include "tapedeck/data/dataset.hpp"

namespace pendulum {

namespace td = tapedeck;

/// How a swing is looked at.
struct Observation {
  td::Index times = 8;     ///< angles that are given
  double interval = 0.25;  ///< between them, in seconds
  double ahead = 3;        ///< from the last of them to the one asked for, in seconds
  double noise = 0.01;     ///< deviation of the angles that are given, in radians
};

/// Swings of a damped pendulum, theta'' = -4 sin(theta) - 0.1 theta', one a column: x are its angles in
/// radians (times x samples), y the angle to be foretold (1 x samples). Each starts at rest, at an angle
/// uniform on (-2.8, 2.8), and is looked at from a moment of its first two seconds on. Equal seeds give equal
/// swings.
td::Dataset swings(td::Index samples, std::uint64_t seed, const Observation& observation = {});

}  // namespace pendulum
