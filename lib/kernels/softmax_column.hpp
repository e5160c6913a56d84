#pragma once

#include "tapedeck/core/matrix.hpp"

namespace tapedeck::kernels {

/// p = softmax(z) for one column of at least one class; gives log(sum(exp(z))). Summed in double, and shifted
/// by the largest element, so that nothing overflows.
TAPEDECK_API double softmax_column(float* p, const float* z, Index classes);
TAPEDECK_API double softmax_column(double* p, const double* z, Index classes);

}  // namespace tapedeck::kernels
