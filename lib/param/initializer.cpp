#include "tapedeck/param/initializer.hpp"

#include <cmath>

#include "core/ranges.hpp"
#include "tapedeck/core/error.hpp"

namespace tapedeck {
namespace {

void fill_uniform(arma::mat& values, double bound, const Random& random) {
  for (Index c = 0; c < values.n_cols; ++c) {
    for (Index r = 0; r < values.n_rows; ++r) values(r, c) = bound * (2 * random.uniform(r, c) - 1);
  }
}

void fill_normal(arma::mat& values, double deviation, const Random& random) {
  for (Index c = 0; c < values.n_cols; ++c) {
    for (Index r = 0; r < values.n_rows; ++r) values(r, c) = deviation * random.normal(r, c);
  }
}

double finite(const char* who, const char* option, double x) {
  ranges::require_finite(who, option, x);
  return x;
}

double not_negative(const char* who, const char* option, double x) {
  ranges::require_not_negative(who, option, x);
  return x;
}

// A parameter without elements may have a fan of 0; nothing is then drawn.
double sum(Fan fan) { return static_cast<double>(fan.in + fan.out); }
double in(Fan fan) { return static_cast<double>(fan.in); }

// Q of the QR decomposition of a Gaussian matrix, with the signs that make R's diagonal positive, is
// Haar-distributed.
void fill_orthogonal(arma::mat& values, Fan /*fan*/, const Random& random, double gain) {
  const bool wide = values.n_cols > values.n_rows;
  arma::mat gaussian(values.n_rows, values.n_cols);
  fill_normal(gaussian, 1, random);
  if (wide) arma::inplace_trans(gaussian);
  arma::mat q;
  arma::mat r;
  if (!gaussian.is_empty() && !arma::qr_econ(q, r, gaussian)) {
    throw Error({.who = "orthogonal", .given = "a QR decomposition that failed"});
  }
  for (Index c = 0; c < q.n_cols; ++c) {
    if (r(c, c) < 0) q.col(c) *= -1;
  }
  if (values.is_empty()) return;
  values = gain * (wide ? arma::mat(q.t()) : q);
}

}  // namespace

double gain::leaky_relu(double slope) {
  return std::sqrt(2 / (1 + std::pow(finite("gain::leaky_relu", "slope", slope), 2)));
}

Initializer constant(double value) {
  return {[](arma::mat& values, Fan, const Random&, double v) { values.fill(v); },
          finite("constant", "value", value)};
}

Initializer uniform(double bound) {
  return {[](arma::mat& values, Fan, const Random& random, double a) { fill_uniform(values, a, random); },
          not_negative("uniform", "bound", bound)};
}

Initializer normal(double deviation) {
  return {[](arma::mat& values, Fan, const Random& random, double s) { fill_normal(values, s, random); },
          not_negative("normal", "deviation", deviation)};
}

Initializer fan_in_uniform(double gain) {
  return {[](arma::mat& values, Fan fan, const Random& random, double g) {
            fill_uniform(values, g / std::sqrt(in(fan)), random);
          },
          finite("fan_in_uniform", "gain", gain)};
}

Initializer xavier_uniform(double gain) {
  return {[](arma::mat& values, Fan fan, const Random& random, double g) {
            fill_uniform(values, g * std::sqrt(6 / sum(fan)), random);
          },
          finite("xavier_uniform", "gain", gain)};
}

Initializer xavier_normal(double gain) {
  return {[](arma::mat& values, Fan fan, const Random& random, double g) {
            fill_normal(values, g * std::sqrt(2 / sum(fan)), random);
          },
          finite("xavier_normal", "gain", gain)};
}

Initializer fan_sum_normal(double gain) {
  return {[](arma::mat& values, Fan fan, const Random& random, double g) {
            fill_normal(values, g / std::sqrt(sum(fan)), random);
          },
          finite("fan_sum_normal", "gain", gain)};
}

Initializer he_uniform(double gain) {
  return {[](arma::mat& values, Fan fan, const Random& random, double g) {
            fill_uniform(values, g * std::sqrt(3 / in(fan)), random);
          },
          finite("he_uniform", "gain", gain)};
}

Initializer he_normal(double gain) {
  return {[](arma::mat& values, Fan fan, const Random& random, double g) {
            fill_normal(values, g / std::sqrt(in(fan)), random);
          },
          finite("he_normal", "gain", gain)};
}

Initializer orthogonal(double gain) { return {fill_orthogonal, finite("orthogonal", "gain", gain)}; }

}  // namespace tapedeck
