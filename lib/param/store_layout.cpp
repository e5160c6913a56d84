#include "tapedeck/param/detail/store_layout.hpp"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <utility>

#include "core/nearest.hpp"
#include "core/ranges.hpp"
#include "core/text.hpp"
#include "tapedeck/core/error.hpp"

namespace tapedeck::detail {
namespace {

bool well_formed(std::string_view name) {
  if (name.empty() || name.size() > longest_name || name.front() == '.' || name.back() == '.') return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return in_word(c) || c == '.'; }) &&
         name.find("..") == std::string_view::npos;
}

constexpr char after_dot = '.' + 1;  // names under "fc_1" lie from "fc_1." to before "fc_1" and this

template <class Slots>
std::string hint_for(std::string_view name, const Slots& slots) {
  if (slots.empty()) return "there are none yet";
  return nearest_name(name, slots, [](const auto& slot) -> const std::string& { return slot.name; });
}

template <class Slots>
std::uint32_t find(const Slots& slots, const StoreLayout::SlotNumbers& numbers, std::string_view name,
                   const char* kind) {
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
std::uint32_t add_slot(std::vector<Slot>& slots, StoreLayout::SlotNumbers& numbers, Index& elements,
                       Slot slot) {
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
void require_space(const std::string& who, Shape shape, Index elements) {
  ranges::require_possible(who, shape);
  if (shape.size() <= ranges::most_elements - elements) return;
  throw ShapeError(
      {.who = who,
       .given = to_string(shape) + " beside " + std::to_string(elements) + " elements of other matrices",
       .wanted = "at most 2^44 in all"});
}

void require_slot(std::uint32_t slot, Index count, const char* kind) {
  if (slot < count) return;
  throw HandleError({.who = "store",
                     .given = std::string("a ") + kind + " of slot " + std::to_string(slot),
                     .wanted = "one of the " + std::to_string(count) + " that there are",
                     .hint = "handles are what add and add_buffer give"});
}

}  // namespace

std::uint64_t unique_number() {
  static std::atomic<std::uint64_t> count{0};
  return ++count;
}

StoreLayout::StoreLayout() : family(unique_number()) {}

void StoreLayout::require_well_formed(const std::string& who, const char* kind, std::string_view name) {
  if (well_formed(name)) return;
  throw NameError({.who = who,
                   .given = std::string("the ") + kind + " " + in_quotes(name),
                   .wanted = "letters, digits, '_' and '-', in parts joined by '.', at most 512 bytes"});
}

void StoreLayout::require_new_name(const std::string& name) const {
  require_well_formed("store", "name", name);
  if (parameter_slots.contains(name) || buffer_slots.contains(name)) {
    throw NameError({.who = "store",
                     .given = "the name \"" + name + "\" a second time",
                     .wanted = "a new name",
                     .hint = "to share a parameter, use the layer that holds it twice"});
  }
}

void StoreLayout::require_possible(const Slot& slot) const {
  require_new_name(slot.name);
  require_space(slot.name, slot.shape, parameter_elements);
  require_well_formed(slot.name, "group", slot.options.group);
}

void StoreLayout::require_possible(const BufferSlot& slot) const {
  require_new_name(slot.name);
  require_space(slot.name, slot.shape, buffer_elements);
}

std::uint32_t StoreLayout::add(Slot slot) {
  return add_slot(parameters, parameter_slots, parameter_elements, std::move(slot));
}

std::uint32_t StoreLayout::add(BufferSlot slot) {
  return add_slot(buffers, buffer_slots, buffer_elements, std::move(slot));
}

void StoreLayout::lay_out() {
  group_names.clear();  // a seal that ran out of memory may be tried again
  groups.clear();
  std::map<std::string_view, std::uint32_t> known;
  for (const auto& slot : parameters) {
    const std::string& group = slot.options.group;
    const auto next = static_cast<std::uint32_t>(group_names.size());
    const auto [number, is_new] = known.try_emplace(group, next);
    if (is_new) group_names.push_back(group);
    groups.push_back(number->second);
  }
  flat_order = in_order(parameters);
  std::sort(flat_order.begin(), flat_order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return std::pair(groups[a], a) < std::pair(groups[b], b);
  });
  parameter_extents = place(parameters, flat_order);
  buffer_extents = place(buffers, in_order(buffers));
}

std::uint32_t StoreLayout::parameter_slot(std::string_view name) const {
  return find(parameters, parameter_slots, name, "parameter");
}

std::uint32_t StoreLayout::buffer_slot(std::string_view name) const {
  return find(buffers, buffer_slots, name, "buffer");
}

std::uint32_t StoreLayout::slot_of(Parameter parameter) const {
  require_family(parameter.family(), family, "parameter");
  require_slot(parameter.slot(), parameters.size(), "parameter");
  return parameter.slot();
}

std::uint32_t StoreLayout::slot_of(Buffer buffer) const {
  require_family(buffer.family(), family, "buffer");
  require_slot(buffer.slot(), buffers.size(), "buffer");
  return buffer.slot();
}

std::vector<std::uint32_t> StoreLayout::select(const Selection& selection, const char* who) const {
  std::vector<std::uint32_t> slots;
  const auto add = [&](const auto& named) {
    const auto& group = parameters[named.second].options.group;
    if (selection.group.empty() || selection.group == group) slots.push_back(named.second);
  };
  const SlotNumbers& all = parameter_slots;
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
    throw NameError({.who = who, .given = given, .hint = hint_for(selection.under, parameters)});
  }
  return slots;
}

}  // namespace tapedeck::detail
