#include "tapedeck/param/parameter_store.hpp"

#include <mutex>
#include <utility>

#include "core/locks.hpp"
#include "core/scoped_flag.hpp"
#include "param/require_rule.hpp"
#include "tapedeck/core/error.hpp"
#include "tapedeck/core/threads.hpp"

namespace tapedeck {

constinit std::atomic<void (*)(ParameterStore&)> detail::store_ends = nullptr;

ParameterStore::ParameterStore() : ParameterStore(Options{}) {}

ParameterStore::ParameterStore(Options options)
    : options_(options), internals_(std::make_shared<detail::StoreLayout>()) {
  prepare_blas();
}

ParameterStore::ParameterStore(ParameterStore& original, Scalar scalar)
    : options_{original.seed(), scalar},
      internals_((original.seal(), original.internals_.layout_)),
      rules_(original.rules_) {
  internals_.frozen_ = original.internals_.frozen_;
  lay_out();
  numbers_->values.assign(original.values());
  numbers_->buffers.assign(original.buffers());
  sealed_ = true;
}

ParameterStore::~ParameterStore() {
  if (const auto ends = detail::store_ends.load()) ends(*this);
}

ParameterStore ParameterStore::copy(Scalar scalar) { return ParameterStore(*this, scalar); }

detail::StoreLayout& ParameterStore::open_layout(const std::string& who) {
  if (sealed_) {
    throw UsageError(
        {.who = who,
         .given = "a store that is sealed: its memory is laid out",
         .wanted = "an open one",
         .hint = "build the whole model before the first tape, optimizer, copy or look at a value"});
  }
  return *internals_.layout_;
}

Scope ParameterStore::scope(std::string_view name) {
  detail::StoreLayout::require_well_formed("store", "name", name);
  return {*this, std::string(name)};
}

Parameter ParameterStore::add(std::string name, Shape shape, Initializer initializer,
                              ParameterOptions options) {
  detail::StoreLayout& layout = open_layout(name);
  if (options.fan.in == 0) options.fan = {shape.cols, shape.rows};
  detail::StoreLayout::Slot slot{std::move(name), shape, std::move(options)};
  layout.require_possible(slot);
  require_rule(slot.name, initializer);
  const Index number = layout.parameters.size();
  rules_.resize(number + 1);
  rules_[number] = initializer;
  internals_.frozen_.resize(number + 1);
  return {layout.family, layout.add(std::move(slot))};  // last: only this counts
}

Buffer ParameterStore::add_buffer(std::string name, Shape shape, double initial) {
  detail::StoreLayout& layout = open_layout(name);
  detail::StoreLayout::BufferSlot slot{std::move(name), shape, initial};
  layout.require_possible(slot);
  return {layout.family, layout.add(std::move(slot))};
}

void ParameterStore::set_group(std::string_view name, std::string group) {
  detail::StoreLayout& layout = open_layout("set_group");
  detail::StoreLayout::require_well_formed("set_group", "group", group);
  for (const std::uint32_t slot : layout.select({.under = std::string(name)}, "set_group")) {
    layout.parameters[slot].options.group = group;
  }
}

void ParameterStore::seal() {
  if (sealed_.load(std::memory_order_acquire)) return;
  const std::lock_guard lock(detail::lock(detail::Lock::sealing));  // one for all stores: each is sealed once
  if (sealed_) return;
  if (being_sealed_) {
    throw UsageError({.who = "store",
                      .given = "an initialiser that seals the store it fills",
                      .wanted = "one that only sets the matrix it is given"});
  }
  const ScopedFlag being_sealed(being_sealed_);
  internals_.layout_->lay_out();
  lay_out();
  draw_all(seed(), numbers_->values);
  fill_buffers();
  sealed_.store(true, std::memory_order_release);  // last: from now on other threads look without the lock
}

void ParameterStore::lay_out() {
  const detail::StoreLayout& layout = internals_.layout();
  internals_.changes_.assign(layout.parameters.size() + layout.buffers.size(), {});
  numbers_.reset(new Numbers{FlatBuffer(scalar(), layout.parameter_extents),
                             FlatBuffer(scalar(), layout.buffer_extents),
                             Gradients(internals_.shared_layout(), scalar())});
}

Index ParameterStore::size() const { return internals_.layout().parameters.size(); }

Index ParameterStore::element_count() const { return internals_.layout().parameter_elements; }

bool ParameterStore::contains(std::string_view name) const {
  return internals_.layout().parameter_slots.contains(name);
}

ParameterView ParameterStore::parameter(std::string_view name) {
  return {*this, internals_.layout().parameter_slot(name)};
}

ParameterView ParameterStore::parameter(Parameter parameter) {
  return {*this, internals_.layout().slot_of(parameter)};
}

std::vector<ParameterView> ParameterStore::parameters() {
  std::vector<ParameterView> all;
  for (std::uint32_t slot = 0; slot < size(); ++slot) all.push_back({*this, slot});
  return all;
}

std::vector<ParameterView> ParameterStore::parameters(const Selection& selection) {
  std::vector<ParameterView> selected;
  for (const std::uint32_t slot : internals_.layout().select(selection, "store"))
    selected.push_back({*this, slot});
  return selected;
}

template <class T>
Matrix<T>& ParameterStore::buffer(std::string_view name) {
  return buffers().matrix<T>(internals_.layout().buffer_slot(name));
}

Gradients& ParameterStore::gradients() { return numbers().gradients; }

void ParameterStore::zero_grad() { gradients().zero(); }

void ParameterStore::commit_statistics() {
  Gradients& from = gradients();
  for (const Gradients::Statistic& statistic : from.statistics_) {
    internals_.note_change(static_cast<std::uint32_t>(size() + statistic.buffer_slot),
                           internals_.next_change("running statistics"));
  }
  from.commit_statistics(buffers());
}

void ParameterStore::freeze(std::string_view name) {
  for (const std::uint32_t slot : internals_.layout().select({.under = std::string(name)}, "freeze"))
    internals_.frozen_[slot] = 1;
}

void ParameterStore::unfreeze(std::string_view name) {
  for (const std::uint32_t slot : internals_.layout().select({.under = std::string(name)}, "unfreeze"))
    internals_.frozen_[slot] = 0;
}

template Matrix<float>& ParameterStore::buffer(std::string_view);
template Matrix<double>& ParameterStore::buffer(std::string_view);

}  // namespace tapedeck
