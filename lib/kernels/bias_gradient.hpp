#pragma once

#include "tapedeck/core/api.hpp"
#include "tapedeck/core/shape.hpp"

namespace tapedeck::kernels {

/// db(i) = dy(i, 0) + dy(i, 1) + ...: the sums of the rows of a matrix of this shape, a column. They are kept
/// in T, like those of the products beside which they are made: for 25x50 that takes a third of the time of
/// sums.hpp's sum_rows, which keeps double. Columns are added up in chunks of 128, in four partial sums each:
/// within (35 + cols / 128) eps of the sum of |dy(i, j)|, and the same wherever the matrix is in memory. Does
/// nothing if db is nowhere.
TAPEDECK_API void bias_gradient(Destination<float> db, const float* dy, Shape shape);
TAPEDECK_API void bias_gradient(Destination<double> db, const double* dy, Shape shape);

}  // namespace tapedeck::kernels
