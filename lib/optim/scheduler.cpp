#include "tapedeck/optim/scheduler.hpp"

#include <utility>

namespace tapedeck {

Scheduler::Scheduler(Optimizer& optimizer, Rule rule)
    : optimizer_(optimizer), rule_(std::move(rule)), base_rate_(optimizer.learning_rate()) {
  optimizer_.set_learning_rate(rule_(base_rate_, 0));
}

Scheduler::~Scheduler() = default;

void Scheduler::step() {
  optimizer_.set_learning_rate(rule_(base_rate_, count_ + 1));
  ++count_;
}

}  // namespace tapedeck
