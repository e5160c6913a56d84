#include "tapedeck/optim/reduce_on_plateau.hpp"

#include <algorithm>
#include <cmath>

#include "core/lifetime.hpp"
#include "core/ranges.hpp"

namespace tapedeck {

ReduceOnPlateau::ReduceOnPlateau(Optimizer& optimizer) : ReduceOnPlateau(optimizer, Options{}) {}

ReduceOnPlateau::ReduceOnPlateau(Optimizer& optimizer, const Options& options)
    : optimizer_(optimizer), optimizer_lifetime_(optimizer.lifetime()), options_(options) {
  const char* who = "ReduceOnPlateau";
  ranges::require(options.factor > 0 && options.factor < 1, who, "factor", options.factor, "0 < x < 1");
  ranges::require(options.threshold >= 0 && options.threshold < 1, who, "threshold", options.threshold,
                  "0 <= x < 1");
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
  visitor.number("factor", options_.factor);
  visitor.number("threshold", options_.threshold);
  visitor.count("cooldown", options_.cooldown);
  visitor.number("min_learning_rate", options_.min_learning_rate);
  visitor.number("best", best_);
  visitor.count("bad_epochs", bad_epochs_);
  visitor.count("cooldown_left", cooldown_left_);
}

}  // namespace tapedeck
