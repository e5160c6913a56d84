#include "train/fit_state.hpp"

#include <string>
#include <utility>

#include "core/ranges.hpp"
#include "tapedeck/core/error.hpp"
#include "train/history.hpp"

namespace tapedeck {
namespace {

constexpr Index most = StateVisitor::most_counted;

}  // namespace

void FitState::tell(const std::vector<Callback>& all) {
  while (callback < all.size()) {
    const Callback& next = all[callback++];  // counted before it is called: it may take the state
    if (event == Event::gradient && next.on_gradient) next.on_gradient(step_report);
    if (event == Event::step && next.on_step) next.on_step(step_report);
    if (event == Event::batch && next.on_batch) next.on_batch();
    if (event == Event::epoch && next.on_epoch) next.on_epoch(history.back());
  }
}

void FitState::require_resumable(Index batches, Index callbacks_now) const {
  constexpr const char* who = "Trainer::fit";
  if (batch > batches) {
    throw UsageError(
        {.who = who,
         .given = "the state of a fit whose next batch is " + std::to_string(batch) + " of an epoch",
         .wanted = "the data and batch_size that it was taken with",
         .hint = "an epoch has " + std::to_string(batches) + " here"});
  }
  if (event != Event::none && callbacks != callbacks_now) {
    throw UsageError({.who = who,
                      .given = "the state of a fit with " + std::to_string(callbacks) + " callbacks",
                      .wanted = "as many, in the same order",
                      .hint = "there are " + std::to_string(callbacks_now) +
                              " here; those after the one that took the state are called first"});
  }
}

void FitState::visit_state(StateVisitor& visitor, ParameterStore& store) {
  visitor.count("epoch", epoch, most);
  visitor.count("batch", batch, most);
  visitor.count("order", order, most);
  visitor.number("learning_rate", learning_rate, ranges::not_negative);
  visitor.number("epoch_sum", epoch_sum);
  visitor.number("step_sum", step_sum);
  visitor.choice("event", event, 5);
  visitor.count("callback", callback, most);
  visitor.count("callbacks", callbacks, most);
  {
    const StateVisitor::Scope scope(visitor, "step_report");
    visitor.count("epoch", step_report.epoch, most);
    visitor.count("epochs", step_report.epochs);  // an option: as many as the caller likes
    visitor.count("step", step_report.step, most);
    visitor.count("steps", step_report.steps, most);
    visitor.number("loss", step_report.loss);
  }
  visit_history(visitor, history);
  if (!visitor.taking() && visitor.fits()) require_consistent(visitor);
  if (visitor.has("best/loss")) early_stopper.emplace(store);
  if (!early_stopper) return;
  const StateVisitor::Scope scope(visitor, "best");
  early_stopper->visit_state(visitor, store);
}

// Of numbers that fit one by one.
void FitState::require_consistent(StateVisitor& visitor) const {
  const auto given = [&](const char* name) { return visitor.given<Index>(name, 1).front(); };
  if (history.empty() && given("event") == static_cast<Index>(Event::epoch)) {
    visitor.fault("event", "the end of an epoch, of which the history has none");
  } else if (given("epoch") != history.size()) {
    visitor.fault("epoch", std::to_string(given("epoch")) + " after a history of " +
                               std::to_string(history.size()) + " epochs");
  }
  if (given("callback") > given("callbacks")) {
    visitor.fault("callback",
                  std::to_string(given("callback")) + " of " + std::to_string(given("callbacks")));
  }
}

void TrainerState::begin_fit(const FitOptions& options, ParameterStore& store) {
  std::optional<EarlyStopper> early_stopper;  // made before anything changes: there may be no memory for it
  if (options.early_stopping && !(fit && fit->early_stopper)) early_stopper.emplace(store);
  if (!fit) fit.emplace();
  if (early_stopper) fit->early_stopper = std::move(early_stopper);
  if (!options.early_stopping) fit->early_stopper.reset();
  fit->callbacks = options.callbacks.size();
}

void TrainerState::visit_state(StateVisitor& visitor, ParameterStore& store) {
  visitor.count("passes", passes, most);
  visitor.count("epochs", epochs, most);
  const StateVisitor::Scope scope(visitor, "run");
  if (visitor.has("epoch")) fit.emplace();
  if (fit) fit->visit_state(visitor, store);
}

}  // namespace tapedeck
