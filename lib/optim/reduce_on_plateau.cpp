#include "tapedeck/optim/reduce_on_plateau.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "core/lifetime.hpp"
#include "core/ranges.hpp"

namespace tapedeck {
namespace {

constexpr NumberRange factor_range{[](double x) { return x > 0 && x < 1; }, "0 < x < 1"};
constexpr NumberRange threshold_range{[](double x) { return x >= 0 && x < 1; }, "0 <= x < 1"};
// Finite, or infinite if there was no step yet.
constexpr NumberRange best_range{[](double x) { return x >= std::numeric_limits<double>::lowest(); },
                                 "a loss that is finite, or inf"};

}  // namespace

ReduceOnPlateau::ReduceOnPlateau(Optimizer& optimizer) : ReduceOnPlateau(optimizer, Options{}) {}

ReduceOnPlateau::ReduceOnPlateau(Optimizer& optimizer, const Options& options)
    : optimizer_(optimizer), optimizer_lifetime_(optimizer.lifetime()), options_(options) {
  const char* who = "ReduceOnPlateau";
  ranges::require(factor_range, who, "factor", options.factor);
  ranges::require(threshold_range, who, "threshold", options.threshold);
  ranges::require_not_negative(who, "min_learning_rate", options.min_learning_rate);
}

void ReduceOnPlateau::step(double loss) {
  require_alive(optimizer_lifetime_, "ReduceOnPlateau", "optimizer");
  if (!std::isfinite(loss)) {
    throw NonFiniteError({.who = "ReduceOnPlateau",
                          .given = std::isnan(loss) ? "a loss of NaN" : "an infinite loss",
                          .wanted = "a finite one"});
  }
  const double margin = best_ > 0 ? 1 - options_.threshold : 1 + options_.threshold;
  if (loss < best_ * margin) {
    best_ = loss;
    bad_epochs_ = 0;
  } else {
    ++bad_epochs_;
  }
  if (cooldown_left_ > 0) {
    --cooldown_left_;
    bad_epochs_ = 0;
  }
  if (bad_epochs_ <= options_.patience) return;
  bad_epochs_ = 0;
  cooldown_left_ = options_.cooldown;
  const double rate = optimizer_.learning_rate();
  optimizer_.set_learning_rate(std::min(rate, std::max(rate * options_.factor, options_.min_learning_rate)));
}

void ReduceOnPlateau::visit_state(StateVisitor& visitor) {
  visitor.kind("ReduceOnPlateau");
  visitor.count("patience", options_.patience);
  visitor.number("factor", options_.factor, factor_range);
  visitor.number("threshold", options_.threshold, threshold_range);
  visitor.count("cooldown", options_.cooldown);
  visitor.number("min_learning_rate", options_.min_learning_rate, ranges::not_negative);
  visitor.number("best", best_, best_range);
  visitor.count("bad_epochs", bad_epochs_, StateVisitor::most_counted);
  visitor.count("cooldown_left", cooldown_left_);
  if (visitor.taking() || !visitor.fits()) return;
  const Index cooldown = visitor.given<Index>("cooldown", 1).front();
  const Index left = visitor.given<Index>("cooldown_left", 1).front();
  if (left > cooldown) {
    visitor.fault("cooldown_left", std::to_string(left) + " of a cooldown of " + std::to_string(cooldown));
  }
}

}  // namespace tapedeck
