#pragma once

#include "tapedeck/core/matrix.hpp"
#include "tapedeck/tape/detail/pass.hpp"

namespace tapedeck::detail {

/// Returns a copy of an entry's elements, which are of type T.
template <class T>
Matrix<T> copy_of(const Entry& e) {
  return Matrix<T>(static_cast<const T*>(e.data), e.rows, e.cols);
}
/// Returns a copy of an entry's elements, of whatever type they are.
inline AnyMatrix any_copy_of(const Entry& e) {
  return with_element(e.element, [&]<class T>(T) -> AnyMatrix { return copy_of<T>(e); });
}

}  // namespace tapedeck::detail
