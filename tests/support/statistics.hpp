#pragma once

#include <algorithm>
#include <cmath>
#include <iterator>

namespace test {

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
