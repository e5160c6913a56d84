#include "tapedeck/optim/scheduler.hpp"

#include <utility>

#include "core/lifetime.hpp"
#include "core/ranges.hpp"
#include "tapedeck/core/error.hpp"

namespace tapedeck {

Scheduler::Scheduler(Optimizer& optimizer, Rule rule)
    : optimizer_(optimizer),
      optimizer_lifetime_(optimizer.lifetime()),
      rule_(std::move(rule)),
      base_rate_(optimizer.learning_rate()) {
  if (!rule_) {
    throw OptionError(
        {.who = "Scheduler", .given = "an empty rule", .wanted = "a function of the base rate and the step"});
  }
  optimizer_.set_learning_rate(rule_(base_rate_, 0));
}

Scheduler::~Scheduler() = default;

void Scheduler::step() {
  require_alive(optimizer_lifetime_, "Scheduler", "optimizer");
  optimizer_.set_learning_rate(rule_(base_rate_, count_ + 1));
  ++count_;
}

void Scheduler::visit_state(StateVisitor& visitor) {
  visitor.kind("Scheduler");
  visitor.number("base_rate", base_rate_, ranges::not_negative);
  visitor.count("count", count_, StateVisitor::most_counted);
}

}  // namespace tapedeck
