#pragma once

#include <cstdint>

#include "tapedeck/core/matrix.hpp"
#include "tapedeck/core/random.hpp"

namespace tapedeck::kernels {

/// y = mask (.) x, where 0 times anything is 0. mask(r, c) is 0 if word r % 4 of
/// random.bits(r / 4, first_column + c) is at most `dropped`, else `keep`; bit for bit on every processor.
TAPEDECK_API void dropout(Matrix<float>& y, Matrix<float>& mask, const Matrix<float>& x, float keep,
                          std::uint32_t dropped, const Random& random, Index first_column);
TAPEDECK_API void dropout(Matrix<double>& y, Matrix<double>& mask, const Matrix<double>& x, double keep,
                          std::uint32_t dropped, const Random& random, Index first_column);

}  // namespace tapedeck::kernels
