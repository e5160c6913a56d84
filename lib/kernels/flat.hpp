#pragma once

#include "tapedeck/core/api.hpp"
#include "tapedeck/core/shape.hpp"

/// What the store does with n numbers in a row. Results do not depend on where in memory they are.
namespace tapedeck::kernels {

/// Whether none of x is NaN or Inf.
TAPEDECK_API bool all_finite(const float* x, Index n);
TAPEDECK_API bool all_finite(const double* x, Index n);

/// The sum of x^2, computed and summed in double: within n eps of the exact one.
TAPEDECK_API double sum_of_squares(const float* x, Index n);
TAPEDECK_API double sum_of_squares(const double* x, Index n);

/// x = min(max(x, -limit), limit), exact. NaN stays NaN.
TAPEDECK_API void clamp(float* x, Index n, float limit);
TAPEDECK_API void clamp(double* x, Index n, double limit);

/// x = (1 - weight) x + weight y, in double, but 0 where an average has decayed.
TAPEDECK_API void blend(float* x, const float* y, Index n, double weight);
TAPEDECK_API void blend(double* x, const double* y, Index n, double weight);

}  // namespace tapedeck::kernels
