#include "train/objective.hpp"

#include <utility>

#include "tape/returned.hpp"
#include "tapedeck/core/error.hpp"

namespace tapedeck {

constinit thread_local const Objective::Call* Objective::Call::innermost = nullptr;

bool Objective::Call::runs(const Objective& objective) {
  for (const Call* call = innermost; call != nullptr; call = call->outer_) {
    if (&call->objective_ == &objective) return true;
  }
  return false;
}

Objective::Objective(ParameterStore& store, const Layer& model, TrainerLoss loss)
    : store_(store), model_(model), loss_(std::move(loss)) {}

void Objective::set_loss(TrainerLoss loss) { loss_ = std::move(loss); }

Value Objective::record(Tape& tape, const Batch& batch) const {
  const Value loss = loss_(model_(tape.gather(batch.x)), batch.y);
  require_returned("Trainer: the loss", loss, tape);
  if (loss.shape() != Shape{1, 1}) {
    throw ShapeError({.who = "Trainer", .given = "a loss of " + to_string(loss.shape()), .wanted = "1x1"});
  }
  return loss;
}

}  // namespace tapedeck
