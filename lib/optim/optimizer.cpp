#include "tapedeck/optim/optimizer.hpp"

#include <algorithm>
#include <string>

#include "core/lifetime.hpp"
#include "core/ranges.hpp"
#include "core/scoped_flag.hpp"
#include "core/text.hpp"

namespace tapedeck {

Optimizer::Optimizer(ParameterStore& store, const char* name, const Common& common)
    : store_(store),
      name_(name),
      learning_rate_(common.learning_rate),
      weight_decay_(common.weight_decay),
      decay_(common.decay),
      untouched_(common.untouched),
      store_lifetime_(store.internals().lifetime()) {
  ranges::require_not_negative(name, "learning_rate", learning_rate_, store.scalar());
  ranges::require_not_negative(name, "weight_decay", weight_decay_, store.scalar());
  store.seal();
  groups_.resize(store.internals().layout().group_names.size());
  find_rates();
  const detail::StoreLayout& layout = store.internals().layout();
  for (const std::uint32_t slot : layout.flat_order) {
    const Index offset = layout.parameter_extents->slots[slot].offset;
    if (!parameters_.empty()) parameters_.back().length_ = offset - parameters_.back().offset_;
    ParameterStep parameter;
    parameter.store_ = &store;
    parameter.group_ = &groups_[layout.groups[slot]];
    parameter.slot_ = slot;
    parameter.offset_ = offset;
    parameter.length_ = layout.parameter_extents->size - offset;
    parameters_.push_back(parameter);
  }
  moved_.reserve(parameters_.size());
}

Optimizer::~Optimizer() = default;

void Optimizer::set_learning_rate(double learning_rate) {
  require_store();
  ranges::require_not_negative(name_, "learning_rate", learning_rate, scalar());
  learning_rate_ = learning_rate;
  find_rates();
}

void Optimizer::group(std::string_view name, GroupFactors factors) {
  require_store();
  ranges::require_not_negative(name_, "group's learning_rate", factors.learning_rate);
  ranges::require_not_negative(name_, "group's weight_decay", factors.weight_decay);
  const std::vector<std::string>& groups = store_.internals().layout().group_names;
  const auto found = std::find(groups.begin(), groups.end(), name);
  if (found == groups.end()) {
    throw NameError(
        {.who = name_,
         .given = "no parameter is in a group " + in_quotes(name),
         .wanted = groups.empty() ? "a store with parameters" : "one of " + joined(groups, ", ", in_quotes)});
  }
  groups_[static_cast<Index>(found - groups.begin())].factors = factors;
  find_rates();
}

void Optimizer::find_rates() {
  for (Group& group : groups_) {
    const double decay = weight_decay_ * group.factors.weight_decay;
    group.learning_rate = learning_rate_ * group.factors.learning_rate;
    group.penalty = decay_ == Decay::coupled ? decay : 0;
    group.shrinkage = decay_ == Decay::decoupled ? group.learning_rate * decay : 0;
  }
}

void Optimizer::step() {
  require_store();
  if (stepping_) {
    throw UsageError({.who = name_,
                      .given = "a step within a step",
                      .wanted = "an update that only moves what it is given"});
  }
  const ScopedFlag stepping(stepping_);
  const Gradients& gradients = store_.gradients();
  gradients.require_no_backward(name_);
  if (gradients.incomplete()) {
    throw UsageError({.who = name_,
                      .given = "gradients of a backward that threw an error",
                      .wanted = "store.zero_grad() and a backward that returns"});
  }
  find_moved();
  if (moved_.empty()) require_reason();
  update_all(moved_);
  if (gradients.has_statistics()) store_.commit_statistics();
}

void Optimizer::require_store() const { require_alive(store_lifetime_, name_, "store"); }

void Optimizer::visit_state(StateVisitor& visitor) {
  require_store();
  visitor.kind(name_);
  visitor.number("learning_rate", learning_rate_, ranges::not_negative_in(scalar()));
  visitor.number("weight_decay", weight_decay_, ranges::not_negative_in(scalar()));
  visitor.choice("decay", decay_, 2);
  visitor.choice("untouched", untouched_, 2);
  for (Index g = 0; g < groups_.size(); ++g) {
    const StateVisitor::Scope scope(visitor, "group/" + store_.internals().layout().group_names[g]);
    visitor.number("learning_rate", groups_[g].factors.learning_rate, ranges::not_negative);
    visitor.number("weight_decay", groups_[g].factors.weight_decay, ranges::not_negative);
  }
  for (ParameterStep& parameter : parameters_) {
    const StateVisitor::Scope scope(visitor, "steps");
    visitor.count(parameter.name(), parameter.steps_, StateVisitor::most_counted);
  }
  visit_memory(visitor);
  if (!visitor.taking()) visitor.at_commit([this] { find_rates(); });
}

// A step that moves nothing is right if all is frozen, or if statistics alone are to be committed.
void Optimizer::require_reason() const {
  const std::vector<std::uint8_t>& frozen = store_.internals().frozen();
  const bool all_frozen = std::all_of(frozen.begin(), frozen.end(), [](auto f) { return f != 0; });
  if (all_frozen || !store_.gradients().empty()) return;
  throw UsageError({.who = name_,
                    .given = "a step without gradients",
                    .wanted = "tape.backward before it",
                    .hint = "was zero_grad called in between?"});
}

void Optimizer::find_moved() {
  moved_.clear();
  Gradients& gradients = store_.gradients();
  const std::uint8_t* frozen = store_.internals().frozen().data();
  const std::uint8_t* touched = gradients.touched_slots().data();
  const detail::Change change = store_.internals().next_change("the optimizer's step");
  for (ParameterStep& parameter : parameters_) {
    const std::uint32_t slot = parameter.slot_;
    if (frozen[slot] != 0) continue;
    if (touched[slot] == 0) {
      if (untouched_ == Untouched::skip) continue;
      // Memory may hold the gradient of an earlier pass; reading an untouched one makes it zero.
      with_scalar(scalar(), [&]<class T>(T) { gradients.of<T>({store_.internals().family(), slot}); });
    }
    ++parameter.steps_;
    store_.internals().note_change(slot, change);
    moved_.push_back(&parameter);
  }
}

}  // namespace tapedeck
