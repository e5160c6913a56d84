#include "tapedeck/data/standardize.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "tapedeck/core/error.hpp"

namespace tapedeck {
namespace {

template <class T>
void require_finite(const Matrix<T>& x) {
  for (Index c = 0; c < x.n_cols; ++c) {
    for (Index r = 0; r < x.n_rows; ++r) {
      if (std::isfinite(x(r, c))) continue;
      throw NonFiniteError({.who = "Standardizer",
                            .given = "feature " + std::to_string(r) + " of sample " + std::to_string(c) +
                                     " is " + std::to_string(x(r, c)),
                            .wanted = "a finite number"});
    }
  }
}

// Sums are taken of differences, from the first sample and then from the mean: exact zeros if a feature is
// constant, and no cancellation if it is far from zero. Squares are taken of ratios to the largest
// difference: none overflows. The rule for constant features is that of standardize.hpp, with roots for the
// same reason.
template <class T>
void fit(const Matrix<T>& x, const arma::vec& origin, arma::vec& mean, arma::vec& deviation) {
  const auto n = static_cast<double>(x.n_cols);
  const auto for_each_element = [&](auto body) {
    for (Index c = 0; c < x.n_cols; ++c) {
      for (Index r = 0; r < x.n_rows; ++r) body(r, static_cast<double>(x(r, c)));
    }
  };
  const arma::vec first = arma::conv_to<arma::vec>::from(x.col(0));
  arma::vec sum(x.n_rows, arma::fill::zeros);
  for_each_element([&](Index r, double value) { sum(r) += value - first(r); });
  mean = first + sum / n;
  arma::vec largest(x.n_rows, arma::fill::zeros);
  for_each_element(
      [&](Index r, double value) { largest(r) = std::max(largest(r), std::abs(value - mean(r))); });
  arma::vec squares(x.n_rows, arma::fill::zeros);
  for_each_element([&](Index r, double value) {
    const double ratio = largest(r) > 0 ? (value - mean(r)) / largest(r) : 0;
    squares(r) += ratio * ratio;
  });
  deviation = largest % arma::sqrt(squares / n);
  if (!origin.empty()) mean += origin;
  constexpr double eps = std::numeric_limits<double>::epsilon();
  const double reduced = std::sqrt(std::max(1 - n * eps, 0.0));
  const double of_data = origin.empty() ? static_cast<double>(std::numeric_limits<T>::epsilon()) : eps;
  const double rounding = std::max(n * eps, of_data);
  for (Index r = 0; r < x.n_rows; ++r) {
    if (reduced * deviation(r) <= rounding * std::abs(mean(r))) deviation(r) = 1;
  }
  for (Index r = 0; r < x.n_rows; ++r) {
    if (std::isfinite(mean(r)) && std::isfinite(deviation(r))) continue;
    throw NonFiniteError({.who = "Standardizer",
                          .given = "feature " + std::to_string(r) + " spans more than a double can hold",
                          .wanted = "differences that are finite"});
  }
}

[[noreturn]] void refuse_origin(const arma::vec& origin, Index features) {
  throw ShapeError({.who = "Standardizer",
                    .given = "an origin of " + std::to_string(origin.n_elem) + " features",
                    .wanted = std::to_string(features) + ", or none"});
}

}  // namespace

Standardizer::Standardizer(const Dataset& data, const arma::vec& origin) {
  if (data.size() == 0) {
    throw ShapeError({.who = "Standardizer",
                      .given = "x is " + to_string({data.features(), 0}),
                      .wanted = "at least 1 sample"});
  }
  if (!origin.empty() && origin.n_elem != data.features()) refuse_origin(origin, data.features());
  with_scalar(data.scalar(), [&]<class T>(T) {
    require_finite(data.x<T>());
    fit(data.x<T>(), origin, mean_, deviation_);
  });
}

Standardizer::Standardizer(arma::vec mean, arma::vec deviation)
    : mean_(std::move(mean)), deviation_(std::move(deviation)) {
  if (mean_.n_elem != deviation_.n_elem) {
    throw ShapeError({.who = "Standardizer",
                      .given = std::to_string(deviation_.n_elem) + " deviations for " +
                               std::to_string(mean_.n_elem) + " means",
                      .wanted = "as many"});
  }
  if (!mean_.is_finite() || !deviation_.is_finite()) {
    throw NonFiniteError(
        {.who = "Standardizer", .given = "a mean or deviation of NaN or Inf", .wanted = "finite numbers"});
  }
  if (arma::any(deviation_ <= 0)) {
    throw OptionError({.who = "Standardizer",
                       .given = "a deviation of " + std::to_string(deviation_.min()),
                       .wanted = "deviations above 0"});
  }
}

template <class T>
void Standardizer::apply_in_place(Matrix<T>& x, const arma::vec& origin) const {
  require_features(shape_of(x));
  if (!origin.empty() && origin.n_elem != mean_.n_elem) refuse_origin(origin, mean_.n_elem);
  const arma::vec mean = origin.empty() ? mean_ : mean_ - origin;
  for (Index c = 0; c < x.n_cols; ++c) {
    for (Index r = 0; r < x.n_rows; ++r) x(r, c) = static_cast<T>((x(r, c) - mean(r)) / deviation_(r));
  }
}

template <class T>
Matrix<T> Standardizer::apply(const Matrix<T>& x) const {
  Matrix<T> out = x;
  apply_in_place(out);
  return out;
}

Dataset Standardizer::apply(const Dataset& data) const {
  return with_scalar(data.scalar(), [&]<class T>(T) { return Dataset(apply(data.x<T>()), data.y()); });
}

template <class T>
Matrix<T> Standardizer::inverse(const Matrix<T>& x) const {
  require_features(shape_of(x));
  Matrix<T> out(x.n_rows, x.n_cols, arma::fill::none);
  for (Index c = 0; c < x.n_cols; ++c) {
    for (Index r = 0; r < x.n_rows; ++r) out(r, c) = static_cast<T>(x(r, c) * deviation_(r) + mean_(r));
  }
  return out;
}

void Standardizer::require_features(Shape x) const {
  if (x.rows == mean_.n_elem) return;
  throw ShapeError({.who = "Standardizer",
                    .given = "x is " + to_string(x),
                    .wanted = std::to_string(mean_.n_elem) + " features",
                    .hint = "one column is one sample"});
}

template TAPEDECK_API void Standardizer::apply_in_place(Matrix<float>&, const arma::vec&) const;
template TAPEDECK_API void Standardizer::apply_in_place(Matrix<double>&, const arma::vec&) const;
template TAPEDECK_API Matrix<float> Standardizer::apply(const Matrix<float>&) const;
template TAPEDECK_API Matrix<double> Standardizer::apply(const Matrix<double>&) const;
template TAPEDECK_API Matrix<float> Standardizer::inverse(const Matrix<float>&) const;
template TAPEDECK_API Matrix<double> Standardizer::inverse(const Matrix<double>&) const;

}  // namespace tapedeck
