#pragma once

#include "tapedeck/core/api.hpp"
#include "tapedeck/core/shape.hpp"

namespace tapedeck::kernels {

/// What a loss adds up of predictions x and targets t, by the formulas in loss_sum.cpp.
enum LossFunction : unsigned char { squared, absolute, huber, logistic };

/// The sum of f over n elements of x and t, computed and summed in double. Partial sums are as many as the
/// processor's vectors have lanes: within n eps of the sum of |f|, and the same wherever x and t are in
/// memory.
TAPEDECK_API double loss_sum(LossFunction f, const float* x, const float* t, Index n, double delta = 0);
TAPEDECK_API double loss_sum(LossFunction f, const double* x, const double* t, Index n, double delta = 0);

}  // namespace tapedeck::kernels
