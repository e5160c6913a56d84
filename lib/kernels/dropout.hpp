#pragma once

#include <cstdint>

#include "tapedeck/core/api.hpp"
#include "tapedeck/core/shape.hpp"

namespace tapedeck::kernels {

/// y = mask (.) x with a mask of the bits of Random(key), see dropout.cpp; bit for bit on every processor.
template <class T>
struct Dropout {
  Shape shape;
  const T* x;
  T keep;
  std::uint32_t dropped;
  std::uint64_t key;
  Index first_column;
  T *y, *mask;
};
TAPEDECK_API void run(const Dropout<float>& call);
TAPEDECK_API void run(const Dropout<double>& call);

}  // namespace tapedeck::kernels
