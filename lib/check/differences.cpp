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

}  // namespace

double Slope::doubt() const { return error + std::abs(gap); }

Slope slope(const RiseBy& rise, double step) {
  std::array<double, 4> central{};
  std::array<double, 4> gap{};
  double h = step;
  for (std::size_t k = 0; k < 4; ++k, h /= 2) {
    const Rise right = rise(h);
    const Rise left = rise(-h);
    central[k] = (right.risen - left.risen) / (right.moved - left.moved);
    gap[k] = right.risen / right.moved - left.risen / left.moved;
  }
  const double first = (4 * central[1] - central[0]) / 3;  // errors of order h^2 removed
  const double second = (4 * central[2] - central[1]) / 3;
  const double third = (4 * central[3] - central[2]) / 3;
  const double both = (16 * second - first) / 15;  // and those of order h^4
  const double halved = (16 * third - second) / 15;
  const double one_sided = (8 * (2 * gap[2] - gap[1]) - (2 * gap[1] - gap[0])) / 7;
  const double moved = std::abs(both - halved) / 2;  // half, as its rounding is twice as large
  return {both, std::fmax(std::abs(both - second), moved), one_sided, step};
}

Slope settled(const RiseBy& rise, const Slope& first, const Trust& trust) {
  Slope best = first;
  Slope last = first;
  for (int k = 0; k < 5 && !believable(last, trust); ++k) {
    last = slope(rise, last.step / 16);
    last.refined = true;
    if (!(best.doubt() <= last.doubt())) best = last;
  }
  if (!believable(last, trust)) return best;
  last.settled = true;
  return last;
}

}  // namespace tapedeck::detail
