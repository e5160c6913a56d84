#pragma once

#include "tapedeck/core/api.hpp"
#include "tapedeck/core/shape.hpp"

namespace tapedeck::kernels {

/// What a loss adds up, of u = x - t, or of a logit x and a target t.
enum LossFunction : unsigned char {
  squared,   ///< u^2
  absolute,  ///< |u|
  huber,     ///< u^2 / 2 where |u| <= delta, else delta (|u| - delta / 2)
  logistic,  ///< max(x, 0) - x t + log(1 + exp(-|x|)), x t being 0 where t is 0
};

/// The sum of f over n elements of x and t, computed and summed in double. Partial sums are as many as the
/// processor's vectors have lanes: within n eps of the sum of |f|, and the same wherever x and t are in
/// memory.
TAPEDECK_API double loss_sum(LossFunction f, const float* x, const float* t, Index n, double delta = 0);
TAPEDECK_API double loss_sum(LossFunction f, const double* x, const double* t, Index n, double delta = 0);

}  // namespace tapedeck::kernels
