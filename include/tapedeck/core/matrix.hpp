#pragma once

/// @file
/// Armadillo, configured in this one place, and the words for scalars, shapes and views.
///
/// One column is one sample, everywhere: a batch of b samples with f features is an f x b matrix.

#if defined(ARMA_INCLUDES) && !defined(ARMA_DONT_USE_WRAPPER)
#error "include tapedeck before <armadillo>, or build with the definitions of tapedeck::tapedeck"
#endif
#ifndef ARMA_DONT_USE_WRAPPER
#define ARMA_DONT_USE_WRAPPER  // products go to the OpenBLAS that is linked, not to whatever the wrapper
                               // found
#endif
#ifndef ARMA_DONT_USE_OPENMP
#define ARMA_DONT_USE_OPENMP  // -fopenmp must not change results
#endif
#include <armadillo>
#include <cstdint>
#include <string>
#include <type_traits>
#include <variant>

#include "tapedeck/core/api.hpp"
#include "tapedeck/core/shape.hpp"

namespace tapedeck {

static_assert(std::is_same_v<Index, arma::uword>, "tapedeck needs Armadillo's sizes of 64 bits");

/// Column-major, in Armadillo's own type: of float, double or Index.
template <class T>
using Matrix = arma::Mat<T>;

/// Class labels, and other integers that nothing is differentiated with respect to.
using IndexMatrix = arma::Mat<Index>;

/// A matrix whose elements are known at run time, in the order of Element.
using AnyMatrix = std::variant<Matrix<float>, Matrix<double>, IndexMatrix>;

/// What a store computes in, chosen at run time.
enum class Scalar : std::uint8_t {
  f32,  ///< float
  f64   ///< double
};
inline constexpr Scalar f32 = Scalar::f32;  ///< float
inline constexpr Scalar f64 = Scalar::f64;  ///< double

/// What the elements of a matrix are: one of the two scalars, or an index.
enum class Element : std::uint8_t {
  real32,  ///< float
  real64,  ///< double
  index    ///< Index
};

/// What a matrix may hold here. An arma::imat, say, is neither numbers nor labels.
template <class T>
concept Storable = std::is_same_v<T, float> || std::is_same_v<T, double> || std::is_same_v<T, Index>;

/// The Scalar that float or double is.
template <class T>
inline constexpr Scalar scalar_of = std::is_same_v<T, float> ? Scalar::f32 : Scalar::f64;
/// The Element that float, double or Index is.
template <Storable T>
inline constexpr Element element_of = std::is_same_v<T, float>    ? Element::real32
                                      : std::is_same_v<T, double> ? Element::real64
                                                                  : Element::index;

/// 4 or 8.
constexpr Index size_in_bytes(Element element) { return element == Element::real32 ? 4 : 8; }
/// 4 or 8.
constexpr Index size_in_bytes(Scalar scalar) { return scalar == Scalar::f32 ? 4 : 8; }
/// What the elements of a matrix of that scalar are.
constexpr Element real_element(Scalar scalar) {
  return scalar == Scalar::f32 ? Element::real32 : Element::real64;
}
/// "float", "double" or "index".
constexpr const char* name_of(Element element) {
  return element == Element::real32 ? "float" : element == Element::real64 ? "double" : "index";
}
/// "float" or "double".
constexpr const char* name_of(Scalar scalar) { return scalar == Scalar::f32 ? "float" : "double"; }

/// "3x5".
TAPEDECK_API std::string to_string(Shape shape);

/// The shape of a matrix.
template <class T>
Shape shape_of(const Matrix<T>& m) {
  return {m.n_rows, m.n_cols};
}

/// The shape of a matrix of any type.
inline Shape shape_of(const AnyMatrix& matrix) {
  return std::visit([](const auto& m) { return shape_of(m); }, matrix);
}
/// What its elements are.
inline Element element_in(const AnyMatrix& matrix) {
  return std::visit([]<class T>(const Matrix<T>&) { return element_of<T>; }, matrix);
}

/// Calls `body` with a value of the scalar type as its argument: `with_scalar(s, [&]<class T>(T) { ... })`.
template <class Body>
decltype(auto) with_scalar(Scalar scalar, Body&& body) {
  return scalar == Scalar::f32 ? body(float{}) : body(double{});
}

/// The same for what the elements of a matrix are: float, double or Index.
template <class Body>
decltype(auto) with_element(Element element, Body&& body) {
  switch (element) {
    case Element::real32:
      return body(float{});
    case Element::real64:
      return body(double{});
    case Element::index:
      break;
  }
  return body(Index{});
}

/// A matrix that writes through to memory it does not own and that cannot be resized away from it. It is made
/// where it is used and never returned by value from a public function: a copy of it would own its elements,
/// a move would not.
template <class T>
Matrix<T> view(T* data, Shape shape) {
  return Matrix<T>(data, shape.rows, shape.cols, /*copy_aux_mem=*/false, /*strict=*/true);
}
/// The same for memory that is only read. The const keeps it so; do not cast it away.
template <class T>
const Matrix<T> view(const T* data, Shape shape) {
  return Matrix<T>(const_cast<T*>(data), shape.rows, shape.cols, false, true);
}

/// Fixes the size of a view for good. Without this, Armadillo lets a 5x1 view become 1x5, and lets a move
/// take its memory away.
template <class T>
void pin(Matrix<T>& m) {
  arma::access::rw(m.mem_state) = 3;  // Armadillo's word for it, as in Mat::fixed
}

}  // namespace tapedeck
