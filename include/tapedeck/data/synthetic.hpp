#pragma once

/// @file
/// Two small classification problems in the plane. ShapeError for 2^32 samples and more.

#include <cstdint>

#include "tapedeck/data/dataset.hpp"

namespace tapedeck {

/// `samples` points uniform on [0, 1)^2, x of 2 x samples in double, with labels: 1 inside the circle of
/// centre (0.5, 0.5) and radius 1 / sqrt(2 pi), else 0. Both classes have area 1/2.
///
/// Equal seeds give equal data, and fewer samples are the first of more; take another seed for test data.
TAPEDECK_API Dataset disk(Index samples, std::uint64_t seed);

/// As `disk`, but the label is 0 if 1 / sqrt(2 pi) < |x| < 1, measured from the origin, else 1. Class 0 is a
/// quarter of a ring, of area pi/4 - 1/8 = 0.660.
TAPEDECK_API Dataset ring(Index samples, std::uint64_t seed);

}  // namespace tapedeck
