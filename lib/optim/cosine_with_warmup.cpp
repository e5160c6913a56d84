#include "tapedeck/optim/cosine_with_warmup.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/ranges.hpp"

namespace tapedeck {
namespace {

Scheduler::Rule rule_of(const CosineWithWarmup::Options& options, double base_rate) {
  const char* who = "CosineWithWarmup";
  ranges::require(options.total > options.warmup, who, "total", static_cast<double>(options.total),
                  "above warmup");
  ranges::require(options.start_factor >= 0 && options.start_factor <= 1, who, "start_factor",
                  options.start_factor, "0 <= x <= 1");
  ranges::require(options.min_learning_rate >= 0 && options.min_learning_rate <= base_rate, who,
                  "min_learning_rate", options.min_learning_rate, "from 0 to the optimizer's learning rate");
  return [options](double base, Index n) {
    const auto& [total, warmup, start_factor, minimum] = options;
    if (n < warmup) {
      const double risen = static_cast<double>(n) / static_cast<double>(warmup);
      return base * (start_factor + (1 - start_factor) * risen);
    }
    const double fallen =
        static_cast<double>(std::min(n, total) - warmup) / static_cast<double>(total - warmup);
    return minimum + (base - minimum) * (1 + std::cos(std::numbers::pi * fallen)) / 2;
  };
}

}  // namespace

CosineWithWarmup::CosineWithWarmup(Optimizer& optimizer, const Options& options)
    : Scheduler(optimizer, rule_of(options, optimizer.learning_rate())) {}

}  // namespace tapedeck
