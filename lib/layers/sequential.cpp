#include "tapedeck/layers/sequential.hpp"

#include <algorithm>
#include <ostream>
#include <set>
#include <utility>

#include "core/ranges.hpp"
#include "core/text.hpp"
#include "core/text_table.hpp"
#include "tape/returned.hpp"
#include "tapedeck/core/error.hpp"
#include "tapedeck/core/random.hpp"
#include "tapedeck/tape/tape.hpp"

namespace tapedeck {
namespace {

// The last part of "encoder.fc_1": inside the model that scope is the Sequential's own.
std::string last_part(const std::string& name) { return name.substr(name.rfind('.') + 1); }

}  // namespace

// Out of the header, so that no user's file compiles them.
Sequential::Item::Item(const Item&) = default;
Sequential::Item::Item(Item&&) noexcept = default;
Sequential::Item& Sequential::Item::operator=(const Item&) = default;
Sequential::Item& Sequential::Item::operator=(Item&&) noexcept = default;
Sequential::Item::~Item() = default;

Sequential::Sequential() = default;
Sequential::Sequential(const Sequential&) = default;
Sequential::Sequential(Sequential&&) noexcept = default;
Sequential& Sequential::operator=(const Sequential&) = default;
Sequential& Sequential::operator=(Sequential&&) noexcept = default;
Sequential::~Sequential() = default;
template TAPEDECK_API Layer::Layer(Sequential);

Sequential::Sequential(std::initializer_list<Item> items) : Sequential(std::vector<Item>(items)) {}

Sequential::Sequential(const std::vector<Item>& items) {
  for (const Item& item : items) add(item);
}

Sequential& Sequential::add(const Item& item) {
  std::string name = item.name.empty() ? last_part(item.layer.name()) : item.name;
  if (name.empty()) {
    const std::string type = item.layer.kind();
    Index& number = numbers_[type];
    do {
      name = type + "_" + std::to_string(++number);
    } while (positions_.contains(name));
  }
  if (!std::all_of(name.begin(), name.end(), in_word)) {
    throw NameError({.who = "Sequential",
                     .given = "the name " + in_quotes(name),
                     .wanted = "letters, digits, '_' and '-'"});
  }
  if (positions_.contains(name)) {
    throw NameError({.who = "Sequential",
                     .given = "the name \"" + name + "\" a second time",
                     .wanted = "a new name",
                     .hint = "to use one layer twice, name its second use: {\"again\", layer}"});
  }
  items_.push_back({name, hash_of(name), item.layer});
  try {
    positions_.emplace(std::move(name), items_.size() - 1);
  } catch (...) {  // without memory nothing is added
    items_.pop_back();
    throw;
  }
  return *this;
}

Value Sequential::operator()(const Value& x) const {
  Tape& tape = x.tape();
  std::uint32_t mark = tape.mark();
  Value h = x;
  for (const Part& part : items_) {
    const Tape::At at(tape, part.name, part.hash);
    h = part.layer(h);
    require_returned(part.name, h, tape);
    mark = tape.release_since(mark, h);
  }
  return h;
}

const Layer& Sequential::operator[](std::string_view name) const {
  const std::string_view first = name.substr(0, name.find('.'));
  if (const auto found = positions_.find(first); found != positions_.end()) {
    const Layer& layer = items_[found->second].layer;
    if (first.size() == name.size()) return layer;
    if (const auto* nested = layer.as<Sequential>()) return (*nested)[name.substr(first.size() + 1)];
  }
  const std::string known = joined(items_, ", ", [](const Part& part) { return part.name; });
  throw NameError({.who = "Sequential",
                   .given = "no layer " + in_quotes(name),
                   .wanted = known.empty() ? "a model with layers" : known});
}

const Layer& Sequential::operator[](Index position) const {
  if (position >= items_.size()) {
    throw OptionError({.who = "Sequential",
                       .given = "layer " + std::to_string(position),
                       .wanted = "less than " + std::to_string(items_.size())});
  }
  return items_[position].layer;
}

std::vector<std::string> Sequential::names() const {
  std::vector<std::string> all;
  for (const Part& part : items_) all.push_back(part.name);
  return all;
}

std::vector<NamedParameter> Sequential::parameters() const {
  std::vector<NamedParameter> all;
  for (const Part& part : items_) {
    for (const NamedParameter& p : part.layer.parameters())
      all.push_back({part.name + "." + p.name, p.handle});
  }
  return all;
}

std::string Sequential::describe() const {
  std::string text = "Sequential";
  for (const Part& part : items_) {
    text += "\n  " + part.name + ": ";
    for (const char c : part.layer.describe()) {
      text += c;
      if (c == '\n') text += "  ";
    }
  }
  return text;
}

std::ostream& operator<<(std::ostream& out, const Sequential& model) { return out << model.describe(); }

namespace {

using Slots = std::set<std::uint32_t>;

Index elements_of(const Slots& slots, const ParameterStore& store) {
  Index sum = 0;
  for (const std::uint32_t slot : slots) sum += store.internals().layout().parameters[slot].shape.size();
  return sum;
}

// Adds the parameters that were used since `before` was the tape's last record.
void add_used(Slots& slots, const detail::Pass& pass, const detail::Record* before) {
  for (const detail::Record* r = pass.records.last(); r != before; r = r->previous) {
    for (std::uint32_t i = 0; i < r->input_count; ++i) {
      const std::uint32_t root = pass.entry(r->inputs[i]).root;
      if (pass.values.is_parameter(root)) slots.insert(root);
    }
  }
}

Value add_rows(Summary& summary, const std::string& prefix, const Sequential& model, Tape& tape, Value x) {
  const detail::Pass& pass = detail::pass_of(tape);
  const std::vector<std::string> names = model.names();
  for (Index i = 0; i < model.size(); ++i) {
    const Layer& layer = model[i];
    if (const auto* nested = layer.as<Sequential>()) {
      x = add_rows(summary, prefix + names[i] + ".", *nested, tape, x);
      continue;
    }
    const detail::Record* const before = pass.records.last();
    x = layer(x);
    Slots slots;
    for (const NamedParameter& p : layer.parameters())
      slots.insert(tape.store().parameter(p.handle).handle().slot());
    add_used(slots, pass, before);
    summary.rows.push_back(
        {prefix + names[i], layer.describe(), x.shape(), elements_of(slots, tape.store())});
  }
  return x;
}

}  // namespace

Summary summarize(const Sequential& model, ParameterStore& store, Shape input) {
  ranges::require_possible("summarize", input);
  Memory memory;
  Tape tape(store, memory, {.mode = evaluate, .trace = true});
  Summary summary;
  add_rows(summary, "", model, tape, tape.input(Matrix<double>(input.rows, input.cols)));
  Slots all;
  for (const NamedParameter& p : model.parameters()) all.insert(p.handle.slot());
  add_used(all, detail::pass_of(tape), nullptr);
  summary.parameter_count = elements_of(all, store);
  return summary;
}

std::string to_string(const Summary& summary) {
  using enum TextTable::Align;
  TextTable table({{"name", left}, {"layer", left}, {"output"}, {"parameters"}});
  for (const Summary::Row& row : summary.rows) {
    table.add({row.name, row.description, to_string(row.output), std::to_string(row.parameter_count)});
  }
  table.add({"", "", "total", std::to_string(summary.parameter_count)});
  return table.text();
}

std::ostream& operator<<(std::ostream& out, const Summary& summary) { return out << to_string(summary); }

}  // namespace tapedeck
