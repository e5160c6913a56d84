#include "tapedeck/optim/one_cycle.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/ranges.hpp"

namespace tapedeck {
namespace {

// From `begin` at x = 0 to `end` at x = 1 along half a cosine.
double between(double begin, double end, double x) {
  return end + (begin - end) * (1 + std::cos(std::numbers::pi * x)) / 2;
}

Scheduler::Rule rule_of(const OneCycle::Options& options) {
  const char* who = "OneCycle";
  const double last = static_cast<double>(options.total) - 1;
  const double peak = options.rise * static_cast<double>(options.total) - 1;
  ranges::require(options.rise > 0 && options.rise < 1, who, "rise", options.rise, "0 < x < 1");
  ranges::require(peak > 0, who, "total", static_cast<double>(options.total), "above 1 / rise");
  ranges::require(std::isfinite(options.start_divisor) && options.start_divisor >= 1, who, "start_divisor",
                  options.start_divisor, "a finite number, at least 1");
  ranges::require(std::isfinite(options.end_divisor) && options.end_divisor >= 1, who, "end_divisor",
                  options.end_divisor, "a finite number, at least 1");
  return [options, last, peak](double base, Index n) {
    const double start = base / options.start_divisor;
    const double end = start / options.end_divisor;
    const double x = std::min(static_cast<double>(n), last);
    return x <= peak ? between(start, base, x / peak) : between(base, end, (x - peak) / (last - peak));
  };
}

}  // namespace

OneCycle::OneCycle(Optimizer& optimizer, const Options& options) : Scheduler(optimizer, rule_of(options)) {}

}  // namespace tapedeck
