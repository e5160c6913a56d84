#include "train/run.hpp"

#include <cmath>
#include <string>

#include "core/ranges.hpp"
#include "tapedeck/param/parameter_state.hpp"

namespace tapedeck {
namespace {

constexpr Index most = StateVisitor::most_counted;
constexpr NumberRange loss_range{[](double x) { return !std::isnan(x); }, "a loss, or inf"};

}  // namespace

bool Trainer::Best::exhausted(double loss, const EarlyStopping& rule, ParameterStore& store) {
  if (loss < loss_ - rule.least_improvement) {
    loss_ = loss;
    bad_epochs_ = 0;
    values_.assign(store.values());
    buffers_.assign(store.buffers());
    return false;
  }
  return ++bad_epochs_ >= rule.patience;
}

void Trainer::Best::put_back(ParameterStore& store) const {
  store.values().assign(values_);
  store.buffers().assign(buffers_);
  store.internals().note_change("early stopping");
}

void Trainer::Best::visit_state(StateVisitor& visitor, const ParameterStore& store) {
  visitor.number("loss", loss_, loss_range);
  visitor.count("bad_epochs", bad_epochs_, most);
  visit_parameters(visitor, "", values_, store);
  visit_buffers(visitor, "", buffers_, store);
}

void Trainer::Run::tell(const std::vector<Callback>& all) {
  while (event != Event::none) {
    while (callback < all.size()) {
      const Callback& next = all[callback++];  // counted before it is called: it may take the state
      if (event == Event::step && next.on_step) next.on_step(step_report);
      if (event == Event::batch && next.on_batch) next.on_batch();
      if (event == Event::epoch && next.on_epoch) next.on_epoch(history.back());
    }
    begin(event == Event::step ? Event::batch : Event::none);
  }
}

void Trainer::Run::visit_state(StateVisitor& visitor, ParameterStore& store) {
  visitor.count("epoch", epoch, most);
  visitor.count("batch", batch, most);
  visitor.count("order", order, most);
  visitor.number("learning_rate", learning_rate, ranges::not_negative);
  visitor.number("epoch_sum", epoch_sum);
  visitor.number("step_sum", step_sum);
  visitor.choice("event", event, 4);
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
  visit_history(visitor);
  if (!visitor.taking() && visitor.fits()) require_consistent(visitor);
  if (visitor.has("best/loss")) best.emplace(store);
  if (!best) return;
  const StateVisitor::Scope scope(visitor, "best");
  best->visit_state(visitor, store);
}

// Of numbers that fit one by one.
void Trainer::Run::require_consistent(StateVisitor& visitor) const {
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

void Trainer::Run::visit_history(StateVisitor& visitor) {
  const StateVisitor::Scope scope(visitor, "history");
  if (visitor.taking()) {
    std::vector<double> losses;
    std::vector<Index> validated;
    std::vector<double> validation_losses;
    std::vector<double> rates;
    std::vector<double> seconds;
    std::vector<Index> epochs;
    std::vector<Index> stops;
    for (const EpochReport& report : history) {
      losses.push_back(report.loss);
      validated.push_back(report.validation_loss ? 1 : 0);
      validation_losses.push_back(report.validation_loss.value_or(0));
      rates.push_back(report.learning_rate);
      seconds.push_back(report.seconds);
      epochs.push_back(report.epochs);
      stops.push_back(report.stop ? 1 : 0);
    }
    visitor.take("loss", losses);
    visitor.take("validated", validated);
    visitor.take("validation_loss", validation_losses);
    visitor.take("learning_rate", rates);
    visitor.take("seconds", seconds);
    visitor.take("epochs", epochs);
    return visitor.take("stop", stops);
  }
  const auto losses = visitor.given<double>("loss");
  const auto validated = visitor.given<Index>("validated", losses.size());
  const auto validation_losses = visitor.given<double>("validation_loss", losses.size());
  const auto rates = visitor.given<double>("learning_rate", losses.size());
  const auto seconds = visitor.given<double>("seconds", losses.size());
  const auto epochs = visitor.given<Index>("epochs", losses.size());
  const auto stops = visitor.given<Index>("stop", losses.size());
  visitor.require("validated", validated, 1);
  visitor.require("learning_rate", rates, ranges::not_negative);
  visitor.require("seconds", seconds, ranges::not_negative);
  visitor.require("stop", stops, 1);
  if (!visitor.fits()) return;
  for (Index i = 0; i < losses.size(); ++i) {
    history.push_back(
        {.epoch = i,
         .epochs = epochs[i],
         .loss = losses[i],
         .validation_loss = validated[i] != 0 ? std::optional(validation_losses[i]) : std::nullopt,
         .learning_rate = rates[i],
         .seconds = seconds[i],
         .stop = stops[i] != 0});
  }
}

void Trainer::Progress::visit_state(StateVisitor& visitor, ParameterStore& store) {
  visitor.count("passes", passes, most);
  visitor.count("epochs", epochs, most);
  const StateVisitor::Scope scope(visitor, "run");
  if (visitor.has("epoch")) run.emplace();
  if (run) run->visit_state(visitor, store);
}

}  // namespace tapedeck
