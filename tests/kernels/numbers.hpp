#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <tuple>
#include <vector>

#include "tapedeck/core/matrix.hpp"
#include "tapedeck/core/random.hpp"

/// What the tests of kernels have in common: numbers, and what results are compared with.
namespace test {

namespace td = tapedeck;

using Real = long double;  // references have 11 bits more than double
using Scalars = std::tuple<float, double>;

template <class T>
constexpr Real eps = std::numeric_limits<T>::epsilon();

/// Normal numbers of this mean and deviation, the same for the same seed.
template <class T>
td::Matrix<T> gaussian(td::Shape shape, std::uint64_t seed, double deviation = 1, double mean = 0) {
  const td::Random random(seed);
  td::Matrix<T> m(shape.rows, shape.cols);
  for (td::Index c = 0; c < shape.cols; ++c) {
    for (td::Index r = 0; r < shape.rows; ++r)
      m(r, c) = static_cast<T>(mean + deviation * random.normal(r, c));
  }
  return m;
}

/// n such numbers.
template <class T>
std::vector<T> gaussian(td::Index n, std::uint64_t seed, double deviation = 1) {
  const td::Matrix<T> m = gaussian<T>(td::Shape{n, 1}, seed, deviation);
  return {m.begin(), m.end()};
}

/// a b, rounded: a product that no compiler fuses into a sum.
template <class T>
T times(T a, T b) {
  const volatile T product = a * b;
  return product;
}

/// log(sum(exp(z))), z being a column.
template <class T>
Real log_sum_exp(const td::Matrix<T>& z) {
  const Real largest = z.max();
  Real sum = 0;
  for (const T v : z) sum += std::exp(v - largest);
  return largest + std::log(sum);
}

/// NaN, which a kernel that writes must not read.
template <class T>
td::Matrix<T> unset(td::Index rows, td::Index cols) {
  td::Matrix<T> m(rows, cols);
  m.fill(std::numeric_limits<T>::quiet_NaN());
  return m;
}

/// |got - wanted| <= bound, and the same kind of NaN.
template <class T>
bool close(T got, Real wanted, Real bound) {
  return std::isnan(wanted) ? std::isnan(got) : std::abs(got - wanted) <= bound;
}

/// Half an ulp, whatever the size.
template <class T>
Real half_ulp(Real x) {
  return eps<T> / 2 * std::abs(x) + std::numeric_limits<T>::denorm_min();
}

/// All elements are the same.
template <class T>
bool equal(const td::Matrix<T>& a, const td::Matrix<T>& b) {
  return td::shape_of(a) == td::shape_of(b) && arma::all(arma::vectorise(a == b));
}

}  // namespace test
