#include "tapedeck/data/synthetic.hpp"

#include <numbers>
#include <utility>

#include "core/ranges.hpp"
#include "tapedeck/core/random.hpp"

namespace tapedeck {
namespace {

constexpr double squared_radius = std::numbers::inv_pi / 2;  // of a circle of area 1/2

// Sample c depends on the seed and c alone.
Dataset labelled_points(const char* who, Index samples, std::uint64_t seed, Index (*label)(double, double)) {
  ranges::require_possible(who, {2, samples});
  const Random random = Random{seed}.stream(who);
  Matrix<double> x(2, samples, arma::fill::none);
  IndexMatrix y(1, samples, arma::fill::none);
  for (Index c = 0; c < samples; ++c) {
    x(0, c) = random.uniform(0, c);
    x(1, c) = random.uniform(1, c);
    y(0, c) = label(x(0, c), x(1, c));
  }
  return {std::move(x), std::move(y)};
}

}  // namespace

Dataset disk(Index samples, std::uint64_t seed) {
  return labelled_points("disk", samples, seed, [](double a, double b) -> Index {
    return (a - 0.5) * (a - 0.5) + (b - 0.5) * (b - 0.5) < squared_radius ? 1 : 0;
  });
}

Dataset ring(Index samples, std::uint64_t seed) {
  return labelled_points("ring", samples, seed, [](double a, double b) -> Index {
    const double squared_norm = a * a + b * b;
    return squared_radius < squared_norm && squared_norm < 1 ? 0 : 1;
  });
}

}  // namespace tapedeck
