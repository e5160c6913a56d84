#pragma once

/// @file
/// Functions applied element by element, without Armadillo's temporaries.

#include <tuple>
#include <utility>

#include "tapedeck/core/api.hpp"
#include "tapedeck/core/matrix.hpp"

namespace tapedeck {
namespace detail {
[[noreturn]] TAPEDECK_API void refuse_map(Shape target, Shape matrix);
}

/// f applied to the elements of matrices of one shape. It refers to f and to its matrices, and is used up in
/// the expression that makes it:
///
///     map([](auto x) { return x < 0 ? 0 : x; }, x).into(y);               // in a forward
///     dx += map([](auto d, auto y) { return y <= 0 ? 0 : d; }, dy, y);    // in a vjp
///
/// f may return another arithmetic type than T; the result is converted. ShapeError if the target and the
/// matrices are not of one shape; the target is none of the matrices.
template <class T, class F, class... Matrices>
class Map {
 public:
  /// What `map` gives.
  explicit Map(const F& f, const Matrices&... matrices) : f_(f), matrices_(matrices...) {}

  /// That of the first matrix.
  Shape shape() const { return shape_of(std::get<0>(matrices_)); }

  /// target = f(matrices...). The target may not be one of the matrices.
  void into(Matrix<T>& target) const {
    loop(target, [](T& t, T value) { t = value; });
  }
  /// target += f(matrices...). The target may not be one of the matrices.
  void onto(Matrix<T>& target) const {
    loop(target, [](T& t, T value) { t += value; });
  }

 private:
  template <class Store>
  void loop(Matrix<T>& target, Store store) const {
    std::apply(
        [&](const Matrices&... m) {
          const auto require_shape = [&](const auto& matrix) {
            if (shape_of(matrix) != shape_of(target)) {
              detail::refuse_map(shape_of(target), shape_of(matrix));
            }
          };
          (require_shape(m), ...);
          // No pointer aliases the target: a tape gives every output memory of its own.
          walk(target.memptr(), target.n_elem, store, m.memptr()...);
        },
        matrices_);
  }
  template <class Store, class... Element>
  void walk(T* __restrict target, Index n, Store store, const Element* __restrict... in) const {
    for (Index i = 0; i < n; ++i) store(target[i], static_cast<T>(f_(in[i]...)));
  }

  const F& f_;
  std::tuple<const Matrices&...> matrices_;
};

/// f(first(i), rest(i)...) for every element i, computed when it is written into a matrix; see Map.
template <class F, class T, class... Rest>
Map<T, F, Matrix<T>, Rest...> map(const F& f, const Matrix<T>& first, const Rest&... rest) {
  return Map<T, F, Matrix<T>, Rest...>(f, first, rest...);
}

}  // namespace tapedeck
