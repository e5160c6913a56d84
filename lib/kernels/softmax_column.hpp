#pragma once

#include "tapedeck/core/matrix.hpp"

namespace tapedeck::kernels {

/// log(sum(exp(z))) = largest + rest, where largest is z's largest element, so that nothing overflows.
struct LogSum {
  double largest, rest;

  /// log(sum(exp(z)))
  double value() const { return largest + rest; }
};

/// p = softmax(z) for one column of at least one class; gives log(sum(exp(z))). Summed in double.
TAPEDECK_API LogSum softmax_column(float* p, const float* z, Index classes);
TAPEDECK_API LogSum softmax_column(double* p, const double* z, Index classes);

}  // namespace tapedeck::kernels
