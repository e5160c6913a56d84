#pragma once

#include "tapedeck/core/product.hpp"

namespace tapedeck {

/// c = a b + bias 1': as multiply, with a column of as many rows as c added to each of its columns.
template <class T>
TAPEDECK_API void multiply_add(Matrix<T>& c, Factor<T> a, Factor<T> b, const Matrix<T>& bias);

extern template TAPEDECK_API void multiply_add(Matrix<float>&, Factor<float>, Factor<float>,
                                               const Matrix<float>&);
extern template TAPEDECK_API void multiply_add(Matrix<double>&, Factor<double>, Factor<double>,
                                               const Matrix<double>&);

}  // namespace tapedeck
