#pragma once

#include <algorithm>
#include <cmath>

#include "tapedeck/core/matrix.hpp"

namespace tapedeck {

/// p = softmax(z) for one column; gives log(sum(exp(z))). Shifted by the largest element, so that nothing
/// overflows.
template <class T>
double softmax_column(T* p, const T* z, Index classes) {
  double largest = static_cast<double>(z[0]);
  for (Index i = 1; i < classes; ++i) largest = std::max(largest, static_cast<double>(z[i]));
  double sum = 0;
  for (Index i = 0; i < classes; ++i) {
    const double e = std::exp(static_cast<double>(z[i]) - largest);
    p[i] = static_cast<T>(e);
    sum += e;
  }
  for (Index i = 0; i < classes; ++i) p[i] = static_cast<T>(static_cast<double>(p[i]) / sum);
  return largest + std::log(sum);
}

}  // namespace tapedeck
