#pragma once

#include <cstring>

#include "tapedeck/param/flat_buffer.hpp"

namespace test {

/// Equal shapes and equal bits: NaN is the same as itself, 0 is not -0.
template <class T>
bool same_bits(const tapedeck::Matrix<T>& a, const tapedeck::Matrix<T>& b) {
  return tapedeck::shape_of(a) == tapedeck::shape_of(b) &&
         (a.is_empty() || std::memcmp(a.memptr(), b.memptr(), a.n_elem * sizeof(T)) == 0);
}

/// Of all elements, padding included.
inline bool same_bits(const tapedeck::FlatBuffer& a, const tapedeck::FlatBuffer& b) {
  return a.scalar() == b.scalar() && a.size() == b.size() &&
         tapedeck::with_scalar(a.scalar(), [&]<class T>(T) {
           return std::memcmp(a.data<T>(), b.data<T>(), a.size() * sizeof(T)) == 0;
         });
}

/// first, first + 1, first + 2, ... in the order of memory.
template <class T>
tapedeck::Matrix<T> ramp(tapedeck::Shape shape, T first = 0) {
  tapedeck::Matrix<T> m(shape.rows, shape.cols);
  for (T& x : m) x = first++;
  return m;
}

}  // namespace test
