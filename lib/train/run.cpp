#include "train/run.hpp"

#include <cmath>

#include "tapedeck/param/state_visitor.hpp"

namespace tapedeck {

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
}

void Trainer::Best::visit_state(StateVisitor& visitor, const StoreLayout& layout) {
  visitor.number("loss", loss_);
  visitor.count("bad_epochs", bad_epochs_);
  visitor.parameters("", values_, layout);
  visitor.buffers("", buffers_, layout);
}

void Trainer::Run::visit_state(StateVisitor& visitor, ParameterStore& store) {
  visitor.count("epoch", epoch);
  visitor.count("batch", batch);
  visitor.count("order", order);
  visitor.number("learning_rate", learning_rate);
  visitor.number("epoch_loss", epoch_loss);
  visitor.number("step_loss", step_loss);
  visitor.flag("stopped", stopped);
  visit_history(visitor);
  if (visitor.has("best/loss")) best.emplace(store);
  if (!best) return;
  const StateVisitor::Scope scope(visitor, "best");
  best->visit_state(visitor, store.layout());
}

void Trainer::Run::visit_history(StateVisitor& visitor) {
  const StateVisitor::Scope scope(visitor, "history");
  constexpr double none =
      std::numeric_limits<double>::quiet_NaN();  // an epoch that was finished has no such loss
  if (visitor.taking()) {
    std::vector<double> losses;
    std::vector<double> validation_losses;
    std::vector<double> rates;
    std::vector<double> seconds;
    std::vector<Index> epochs;
    for (const EpochReport& report : history) {
      losses.push_back(report.loss);
      validation_losses.push_back(report.validation_loss.value_or(none));
      rates.push_back(report.learning_rate);
      seconds.push_back(report.seconds);
      epochs.push_back(report.epochs);
    }
    visitor.take("loss", losses);
    visitor.take("validation_loss", validation_losses);
    visitor.take("learning_rate", rates);
    visitor.take("seconds", seconds);
    return visitor.take("epochs", epochs);
  }
  const auto losses = visitor.given<double>("loss");
  const auto validation_losses = visitor.given<double>("validation_loss", losses.size());
  const auto rates = visitor.given<double>("learning_rate", losses.size());
  const auto seconds = visitor.given<double>("seconds", losses.size());
  const auto epochs = visitor.given<Index>("epochs", losses.size());
  if (!visitor.fits()) return;
  for (Index i = 0; i < losses.size(); ++i) {
    history.push_back({.epoch = i,
                       .epochs = epochs[i],
                       .loss = losses[i],
                       .validation_loss = std::isnan(validation_losses[i])
                                              ? std::nullopt
                                              : std::optional(validation_losses[i]),
                       .learning_rate = rates[i],
                       .seconds = seconds[i]});
  }
}

}  // namespace tapedeck
