#pragma once

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numbers>
#include <numeric>
#include <vector>

namespace test {

inline double mean(const std::vector<double>& x) {
  return std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
}

/// The mean of the power-th power of the distances from `centre`.
inline double moment(const std::vector<double>& x, double centre, int power) {
  const auto add = [&](double sum, double value) { return sum + std::pow(value - centre, power); };
  return std::accumulate(x.begin(), x.end(), 0.0, add) / static_cast<double>(x.size());
}

/// Of independent numbers it has the mean 0 and the deviation 1 / sqrt(n).
inline double correlation(const std::vector<double>& x, const std::vector<double>& y) {
  const double mx = mean(x);
  const double my = mean(y);
  double product = 0;
  for (std::size_t i = 0; i < x.size(); ++i) product += (x[i] - mx) * (y[i] - my);
  return product / static_cast<double>(x.size()) / std::sqrt(moment(x, mx, 2) * moment(y, my, 2));
}

/// Of N(0, 1).
inline double normal_distribution(double x) { return std::erfc(-x / std::numbers::sqrt2) / 2; }

/// The p-value of the Kolmogorov-Smirnov test of numbers against a distribution function (asymptotic series).
template <class Numbers, class Distribution>
double kolmogorov_smirnov(Numbers x, Distribution distribution) {
  std::sort(std::begin(x), std::end(x));
  const auto n = static_cast<double>(std::size(x));
  double distance = 0;
  double rank = 0;
  for (const double value : x) {
    const double f = distribution(value);
    distance = std::max({distance, f - rank / n, (rank + 1) / n - f});
    ++rank;
  }
  const double lambda = distance * std::sqrt(n);
  double p = 0;
  for (int k = 1; k <= 100; ++k) p += (k % 2 == 1 ? 2 : -2) * std::exp(-2 * k * k * lambda * lambda);
  return lambda < 0.2 ? 1 : p;
}

}  // namespace test
