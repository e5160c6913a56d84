#include "train/early_stopper.hpp"

#include <cmath>

#include "tapedeck/param/parameter_state.hpp"

namespace tapedeck {
namespace {

constexpr NumberRange loss_range{[](double x) { return !std::isnan(x); }, "a loss, or inf"};

}  // namespace

bool EarlyStopper::exhausted_by(double loss, const EarlyStopping& rule, ParameterStore& store) {
  if (loss < loss_ - rule.least_improvement) {
    loss_ = loss;
    bad_epochs_ = 0;
    values_.assign(store.values());
    buffers_.assign(store.buffers());
    return false;
  }
  return ++bad_epochs_ >= rule.patience;
}

void EarlyStopper::put_back(ParameterStore& store) const {
  store.values().assign(values_);
  store.buffers().assign(buffers_);
  store.internals().note_change("early stopping");
}

void EarlyStopper::visit_state(StateVisitor& visitor, const ParameterStore& store) {
  visitor.number("loss", loss_, loss_range);
  visitor.count("bad_epochs", bad_epochs_, StateVisitor::most_counted);
  visit_parameters(visitor, "", values_, store);
  visit_buffers(visitor, "", buffers_, store);
}

}  // namespace tapedeck
