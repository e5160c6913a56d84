#include "check/differences.hpp"

#include <array>
#include <cmath>
#include <cstddef>

namespace tapedeck::detail {
namespace {

// False for NaN, which the function may give beside the sample.
bool believable(const Slope& s, const Trust& trust) {
  const double noise = trust.rounding / s.step;
  return s.error <= std::fmax(trust.error, noise) && std::abs(s.gap) <= std::fmax(trust.gap, 10 * noise);
}

double doubt(const Slope& s) { return s.error + std::abs(s.gap); }

}  // namespace

Slope slope(const RiseBy& rise, double step) {
  std::array<double, 3> central{};
  std::array<double, 3> gap{};
  double h = step;
  for (std::size_t k = 0; k < 3; ++k, h /= 2) {
    const Rise right = rise(h);
    const Rise left = rise(-h);
    central[k] = (right.risen - left.risen) / (right.moved - left.moved);
    gap[k] = right.risen / right.moved - left.risen / left.moved;
  }
  const double first = (4 * central[1] - central[0]) / 3;  // errors of order h^2 removed
  const double second = (4 * central[2] - central[1]) / 3;
  const double both = (16 * second - first) / 15;  // and those of order h^4
  const double one_sided = (8 * (2 * gap[2] - gap[1]) - (2 * gap[1] - gap[0])) / 7;
  return {both, std::abs(both - second), one_sided, step};
}

Slope refined(const RiseBy& rise, const Slope& first, const Trust& trust) {
  Slope best = first;
  Slope last = first;
  double previous_gap = first.gap;
  for (int k = 0; k < 3 && !believable(last, trust); ++k) {
    previous_gap = last.gap;
    last = slope(rise, last.step / 16);
    last.refined = true;
    if (!(doubt(best) <= doubt(last))) best = last;
  }
  if (believable(last, trust)) return last;
  // At a kink the gap is what it is; rounding divided by the step would have grown sixteenfold.
  last.kink = std::abs(last.gap) > std::fmax(trust.gap, 10 * trust.rounding / last.step) &&
              std::abs(last.gap) < 2 * std::abs(previous_gap) &&
              std::abs(previous_gap) < 2 * std::abs(last.gap);
  return last.kink ? last : best;
}

}  // namespace tapedeck::detail
