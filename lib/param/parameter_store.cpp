#include "tapedeck/param/parameter_store.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <numeric>
#include <type_traits>
#include <utility>

#include "core/denormal.hpp"
#include "core/locks.hpp"
#include "core/nearest.hpp"
#include "core/ranges.hpp"
#include "core/scoped_flag.hpp"
#include "kernels/flat.hpp"
#include "tapedeck/core/threads.hpp"
#include "tapedeck/param/parameter_state.hpp"

namespace tapedeck {

constinit std::atomic<void (*)(ParameterStore&)> detail::store_ends = nullptr;

namespace {

std::uint64_t next_family() {
  static std::atomic<std::uint64_t> count{0};
  return ++count;
}

bool well_formed(std::string_view name) {
  if (name.empty() || name.size() > longest_name || name.front() == '.' || name.back() == '.') return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return in_word(c) || c == '.'; }) &&
         name.find("..") == std::string_view::npos;
}

void require_well_formed(const std::string& who, const char* kind, std::string_view name) {
  if (well_formed(name)) return;
  throw NameError({.who = who,
                   .given = std::string("the ") + kind + " " + in_quotes(name),
                   .wanted = "letters, digits, '_' and '-', in parts joined by '.', at most 512 bytes"});
}

constexpr char after_dot = '.' + 1;  // names under "fc_1" lie from "fc_1." to before "fc_1" and this

template <class Slots>
std::string hint_for(std::string_view name, const Slots& slots) {
  if (slots.empty()) return "there are none yet";
  return nearest_name(name, slots, [](const auto& slot) -> const std::string& { return slot.name; });
}

using SlotNumbers = std::map<std::string, std::uint32_t, std::less<>>;

template <class Slots>
std::uint32_t find(const Slots& slots, const SlotNumbers& numbers, std::string_view name, const char* kind) {
  const auto found = numbers.find(name);
  if (found == numbers.end()) {
    throw NameError({.who = "store",
                     .given = std::string("no ") + kind + " " + in_quotes(name),
                     .hint = hint_for(name, slots)});
  }
  return found->second;
}

// Adds a slot, its name and the count of its elements, or none of them. Returns its number.
template <class Slot>
std::uint32_t add_slot(std::vector<Slot>& slots, SlotNumbers& numbers, Index& elements, Slot slot) {
  const auto number = static_cast<std::uint32_t>(slots.size());
  const auto place = numbers.emplace(slot.name, number).first;
  try {
    slots.push_back(std::move(slot));
  } catch (...) {
    numbers.erase(place);
    throw;
  }
  elements += slots.back().shape.size();
  return number;
}

// Places one matrix after another, each on its boundary.
template <class Slots>
std::shared_ptr<const Extents> place(const Slots& slots, const std::vector<std::uint32_t>& order) {
  auto extents = std::make_shared<Extents>();
  extents->slots.resize(slots.size());
  for (const std::uint32_t slot : order) {
    const Shape shape = slots[slot].shape;
    extents->slots[slot] = {extents->size, shape};
    extents->size += (shape.size() + Extents::alignment - 1) / Extents::alignment * Extents::alignment;
  }
  return extents;
}

template <class Slots>
std::vector<std::uint32_t> in_order(const Slots& slots) {
  std::vector<std::uint32_t> order(slots.size());
  std::iota(order.begin(), order.end(), 0U);
  return order;
}

void require_family(std::uint64_t given, std::uint64_t wanted, const char* kind) {
  if (given == wanted) return;
  throw HandleError(
      {.who = "store",
       .given = std::string(given == 0 ? "an empty " : "another store's ") + kind,
       .wanted = std::string("a ") + kind + " of this store, or of the store it was copied from"});
}

// Whether one more matrix is possible, alone and beside those that there are.
void require_room(const std::string& who, Shape shape, Index elements) {
  ranges::require_possible(who, shape);
  if (shape.size() <= ranges::most_elements - elements) return;
  throw ShapeError(
      {.who = who,
       .given = to_string(shape) + " beside " + std::to_string(elements) + " elements of other matrices",
       .wanted = "at most 2^44 in all"});
}

void require_rule(const std::string& who, const Initializer& initializer) {
  if (initializer.fill != nullptr) return;
  throw OptionError({.who = who,
                     .given = "an initialiser without a function to fill with",
                     .wanted = "one such as td::normal(0.1)"});
}

void require_slot(std::uint32_t slot, Index count, const char* kind) {
  if (slot < count) return;
  throw HandleError({.who = "store",
                     .given = std::string("a ") + kind + " of slot " + std::to_string(slot),
                     .wanted = "one of the " + std::to_string(count) + " that there are",
                     .hint = "handles are what add and add_buffer give"});
}

}  // namespace

Parameter Scope::add(std::string_view name, Shape shape, Initializer initializer,
                     ParameterOptions options) const {
  return store_->add(name_ + "." + std::string(name), shape, initializer, std::move(options));
}

Buffer Scope::add_buffer(std::string_view name, Shape shape, double initial) const {
  return store_->add_buffer(name_ + "." + std::string(name), shape, initial);
}

Scope Scope::scope(std::string_view name) const { return store_->scope(name_ + "." + std::string(name)); }

const std::string& ParameterView::name() const { return store_->layout().parameters[slot_].name; }
const std::string& ParameterView::group() const { return store_->layout().parameters[slot_].options.group; }
Shape ParameterView::shape() const { return store_->layout().parameters[slot_].shape; }
Parameter ParameterView::handle() const { return {store_->family(), slot_}; }
void ParameterView::reset() const {
  with_scalar(store_->scalar(), [&]<class T>(T) {
    Matrix<T>& values = value<T>();
    const Matrix<T> drawn = store_->drawn<T>(slot_, store_->rules_[slot_], store_->seed());  // may throw
    store_->gradients().require_no_backward("reset");
    values = drawn;
  });
  store_->note_change(slot_, store_->next_change("reset"));
  *store_->gradients().touch(slot_) = 0;
}
bool ParameterView::frozen() const { return store_->frozen_[slot_] != 0; }
void ParameterView::freeze() const { store_->frozen_[slot_] = 1; }
void ParameterView::unfreeze() const { store_->frozen_[slot_] = 0; }

ParameterStore::ParameterStore() : ParameterStore(Options{}) {}

ParameterStore::ParameterStore(Options options)
    : options_(options), layout_(std::make_shared<StoreLayout>()) {
  prepare_blas();
  layout_->family = next_family();
}

ParameterStore::ParameterStore(ParameterStore& original, Scalar scalar)
    : options_{original.seed(), scalar},
      layout_((original.seal(), original.layout_)),
      rules_(original.rules_),
      frozen_(original.frozen_) {
  lay_out();
  numbers_->values.assign(original.values());
  numbers_->buffers.assign(original.buffers());
  sealed_ = true;
}

ParameterStore::~ParameterStore() {
  if (const auto ends = detail::store_ends.load()) ends(*this);
}

ParameterStore ParameterStore::copy(Scalar scalar) { return ParameterStore(*this, scalar); }

StoreLayout& ParameterStore::open_layout(const std::string& who) {
  if (sealed_) {
    throw UsageError(
        {.who = who,
         .given = "a store that is sealed: its memory is laid out",
         .wanted = "an open one",
         .hint = "build the whole model before the first tape, optimizer, copy or look at a value"});
  }
  return *layout_;
}

void ParameterStore::require_new_name(const std::string& name) const {
  require_well_formed("store", "name", name);
  if (layout_->parameter_slots.contains(name) || layout_->buffer_slots.contains(name)) {
    throw NameError({.who = "store",
                     .given = "the name \"" + name + "\" a second time",
                     .wanted = "a new name",
                     .hint = "to share a parameter, use the layer that holds it twice"});
  }
}

Scope ParameterStore::scope(std::string_view name) {
  require_well_formed("store", "name", name);
  return {*this, std::string(name)};
}

Parameter ParameterStore::add(std::string name, Shape shape, Initializer initializer,
                              ParameterOptions options) {
  StoreLayout& layout = open_layout(name);
  require_new_name(name);
  require_room(name, shape, layout.parameter_elements);
  require_rule(name, initializer);
  require_well_formed(name, "group", options.group);
  if (options.fan.in == 0) options.fan = {shape.cols, shape.rows};
  const Index slot = layout.parameters.size();
  rules_.resize(slot + 1);
  rules_[slot] = initializer;
  frozen_.resize(slot + 1);
  // Last: only this counts.
  return {layout.family,
          add_slot<StoreLayout::Slot>(layout.parameters, layout.parameter_slots, layout.parameter_elements,
                                      {std::move(name), shape, std::move(options)})};
}

Buffer ParameterStore::add_buffer(std::string name, Shape shape, double initial) {
  StoreLayout& layout = open_layout(name);
  require_new_name(name);
  require_room(name, shape, layout.buffer_elements);
  return {layout.family,
          add_slot<StoreLayout::BufferSlot>(layout.buffers, layout.buffer_slots, layout.buffer_elements,
                                            {std::move(name), shape, initial})};
}

void ParameterStore::set_group(std::string_view name, std::string group) {
  StoreLayout& layout = open_layout("set_group");
  require_well_formed("set_group", "group", group);
  for (const std::uint32_t slot : select({.under = std::string(name)}, "set_group")) {
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
  StoreLayout& layout = *layout_;
  layout.group_names.clear();  // a seal that ran out of memory may be tried again
  layout.groups.clear();
  std::map<std::string_view, std::uint32_t> known;
  for (const auto& slot : layout.parameters) {
    const std::string& group = slot.options.group;
    const auto next = static_cast<std::uint32_t>(layout.group_names.size());
    const auto [number, is_new] = known.try_emplace(group, next);
    if (is_new) layout.group_names.push_back(group);
    layout.groups.push_back(number->second);
  }
  layout.flat_order = in_order(layout.parameters);
  std::sort(layout.flat_order.begin(), layout.flat_order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return std::pair(layout.groups[a], a) < std::pair(layout.groups[b], b);
  });
  layout.parameter_extents = place(layout.parameters, layout.flat_order);
  layout.buffer_extents = place(layout.buffers, in_order(layout.buffers));
  lay_out();
  draw_all(seed(), numbers_->values);
  fill_buffers();
  sealed_.store(true, std::memory_order_release);  // last: from now on other threads look without the lock
}

void ParameterStore::lay_out() {
  changes_.assign(layout_->parameters.size() + layout_->buffers.size(), {});
  numbers_.reset(new Numbers{FlatBuffer(scalar(), layout_->parameter_extents),
                             FlatBuffer(scalar(), layout_->buffer_extents), Gradients(layout_, scalar())});
}

void ParameterStore::note_change(const char* by) noexcept {
  std::fill(changes_.begin(), changes_.end(), next_change(by));
}

Index ParameterStore::size() const { return layout_->parameters.size(); }

Index ParameterStore::element_count() const { return layout_->parameter_elements; }

bool ParameterStore::contains(std::string_view name) const { return layout_->parameter_slots.contains(name); }

ParameterView ParameterStore::parameter(std::string_view name) {
  return {*this, find(layout_->parameters, layout_->parameter_slots, name, "parameter")};
}

ParameterView ParameterStore::parameter(Parameter parameter) { return {*this, slot_of(parameter)}; }

std::vector<ParameterView> ParameterStore::parameters() {
  std::vector<ParameterView> all;
  for (std::uint32_t slot = 0; slot < size(); ++slot) all.push_back({*this, slot});
  return all;
}

std::vector<ParameterView> ParameterStore::parameters(const Selection& selection) {
  std::vector<ParameterView> selected;
  for (const std::uint32_t slot : select(selection, "store")) selected.push_back({*this, slot});
  return selected;
}

template <class T>
Matrix<T>& ParameterStore::buffer(std::string_view name) {
  return buffers().matrix<T>(find(layout_->buffers, layout_->buffer_slots, name, "buffer"));
}

std::uint32_t ParameterStore::slot_of(Parameter parameter) const {
  require_family(parameter.family(), family(), "parameter");
  require_slot(parameter.slot(), layout_->parameters.size(), "parameter");
  return parameter.slot();
}

std::uint32_t ParameterStore::slot_of(Buffer buffer) const {
  require_family(buffer.family(), family(), "buffer");
  require_slot(buffer.slot(), layout_->buffers.size(), "buffer");
  return buffer.slot();
}

Gradients& ParameterStore::gradients() { return numbers().gradients; }

void ParameterStore::zero_grad() { gradients().zero(); }

void ParameterStore::commit_statistics() {
  Gradients& from = gradients();
  for (const Gradients::Statistic& statistic : from.statistics_) {
    note_change(static_cast<std::uint32_t>(size() + statistic.buffer_slot),
                next_change("running statistics"));
  }
  from.commit_statistics(buffers());
}

std::vector<std::uint32_t> ParameterStore::select(const Selection& selection, const char* who) const {
  std::vector<std::uint32_t> slots;
  const auto add = [&](const auto& named) {
    const auto& group = layout_->parameters[named.second].options.group;
    if (selection.group.empty() || selection.group == group) slots.push_back(named.second);
  };
  const SlotNumbers& all = layout_->parameter_slots;
  if (selection.under.empty()) {
    std::for_each(all.begin(), all.end(), add);
  } else {
    const auto at = all.equal_range(selection.under);
    std::for_each(at.first, at.second, add);
    std::for_each(all.lower_bound(selection.under + '.'), all.lower_bound(selection.under + after_dot), add);
  }
  std::sort(slots.begin(), slots.end());
  if (slots.empty()) {
    std::string given = "no parameter";
    if (!selection.under.empty()) given += " at or under " + in_quotes(selection.under);
    if (!selection.group.empty()) given += " of group " + in_quotes(selection.group);
    throw NameError({.who = who, .given = given, .hint = hint_for(selection.under, layout_->parameters)});
  }
  return slots;
}

template <class T>
Matrix<T> ParameterStore::drawn(Index slot, const Initializer& rule, std::uint64_t seed) const {
  const StoreLayout::Slot& parameter = layout_->parameters[slot];
  arma::mat values(parameter.shape.rows, parameter.shape.cols);
  rule.fill(values, parameter.options.fan, Random{seed}.stream(parameter.name), rule.parameter);
  if (shape_of(values) != parameter.shape) {
    throw ShapeError({.who = parameter.name,
                      .given = "initial values of " + to_string(shape_of(values)),
                      .wanted = to_string(parameter.shape),
                      .hint = "an initialiser sets the elements of the matrix that it is given"});
  }
  Matrix<T> all = arma::conv_to<Matrix<T>>::from(values);
  if (!all.is_finite()) {
    throw NonFiniteError({.who = parameter.name,
                          .given = std::string("initial values with NaN or Inf as ") + name_of(scalar()),
                          .wanted = "finite numbers"});
  }
  return all;
}

void ParameterStore::draw_all(std::uint64_t seed, FlatBuffer& into) const {
  with_scalar(into.scalar(), [&]<class T>(T) {
    for (Index slot = 0; slot < size(); ++slot) into.matrix<T>(slot) = drawn<T>(slot, rules_[slot], seed);
  });
}

void ParameterStore::fill_buffers() {
  with_scalar(scalar(), [&]<class T>(T) {
    for (Index slot = 0; slot < layout_->buffers.size(); ++slot) {
      numbers_->buffers.matrix<T>(slot).fill(static_cast<T>(layout_->buffers[slot].initial));
    }
  });
}

void ParameterStore::initialize(Initializer initializer, const Selection& selection) {
  const std::vector<std::uint32_t> slots = select(selection, "initialize");
  require_rule("initialize", initializer);
  FlatBuffer& all = values();
  with_scalar(scalar(), [&]<class T>(T) {
    std::vector<Matrix<T>> matrices;  // a rule may throw, and then nothing has changed
    for (const std::uint32_t slot : slots) matrices.push_back(drawn<T>(slot, initializer, seed()));
    for (Index i = 0; i < slots.size(); ++i) all.matrix<T>(slots[i]) = matrices[i];
  });
  const Change change = next_change("initialize");
  for (const std::uint32_t slot : slots) {
    note_change(slot, change);
    rules_[slot] = initializer;
  }
}

void ParameterStore::reset() { reset(seed()); }

void ParameterStore::reset(std::uint64_t seed) {
  FlatBuffer drawn = values();
  draw_all(seed, drawn);
  gradients().require_no_backward("reset");
  values().assign(drawn);
  fill_buffers();
  note_change("reset");
  gradients().zero();
  options_.seed = seed;
  passes_ = 0;
}

void ParameterStore::freeze(std::string_view name) {
  for (const std::uint32_t slot : select({.under = std::string(name)}, "freeze")) frozen_[slot] = 1;
}

void ParameterStore::unfreeze(std::string_view name) {
  for (const std::uint32_t slot : select({.under = std::string(name)}, "unfreeze")) frozen_[slot] = 0;
}

void ParameterStore::blend(ParameterStore& other, double weight) {
  if (other.family() != family()) {
    throw UsageError({.who = "blend", .given = "an unrelated store", .wanted = "a copy of this one"});
  }
  ranges::require_fraction("blend", "weight", weight);
  const auto mix = [&](FlatBuffer& mine, const FlatBuffer& theirs) {
    if (weight == 1) return mine.assign(theirs);  // whatever mine are: 0 times NaN is NaN
    with_scalar(mine.scalar(), [&]<class T>(T) {
      with_scalar(theirs.scalar(), [&]<class U>(U) {
        T* value = mine.data<T>();
        const U* term = theirs.data<U>();
        if constexpr (std::is_same_v<T, U>) return kernels::blend(value, term, mine.size(), weight);
        for (Index i = 0; i < mine.size(); ++i) {
          const T mixed = static_cast<T>((1 - weight) * static_cast<double>(value[i]) +
                                         weight * static_cast<double>(term[i]));
          value[i] = weight > 0 && term[i] == 0 ? without_denormal(mixed) : mixed;
        }
      });
    });
  };
  mix(values(), other.values());
  mix(buffers(), other.buffers());
  note_change("blend");
}

void ParameterStore::visit_weights(StateVisitor& visitor) {
  visit_parameters(visitor, "", values(), layout());
  visit_buffers(visitor, "", buffers(), layout());
  if (!visitor.taking()) visitor.at_commit([this] { note_change("a state that was restored"); });
}

void ParameterStore::visit_state(StateVisitor& visitor) {
  visit_weights(visitor);
  const StateVisitor::Scope scope(visitor, "store");
  visitor.count("seed", options_.seed);
  if (visitor.taking()) {
    visitor.take("passes", std::vector<Index>{passes_});
  } else {
    const std::vector<Index> given = visitor.given<Index>("passes", 1);
    visitor.require("passes", given, StateVisitor::most_counted);
    visitor.at_commit([this, given] { passes_ = given.front(); });
  }
  visitor.counts("frozen", frozen_, 1);
  gradients().visit_state(visitor);
}

template Matrix<float>& ParameterStore::buffer(std::string_view);
template Matrix<double>& ParameterStore::buffer(std::string_view);

}  // namespace tapedeck
