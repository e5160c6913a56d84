#include "tapedeck/state/state_visitor.hpp"

#include <algorithm>
#include <span>
#include <variant>

#include "core/text.hpp"
#include "state/misfits.hpp"

namespace tapedeck {
namespace {

constexpr std::size_t most_faults = 8;  // that a message names

template <class T>
StateDict::Entry entry_of(std::string name, const std::vector<T>& values) {
  return {.name = std::move(name),
          .value = Matrix<T>(values.data(), values.size(), 1),
          .dimensions = Dimensions{values.size()}};
}

std::string first_few(const std::vector<std::string>& all) {
  const std::span named = std::span(all).first(std::min(all.size(), most_faults));
  const std::string text = joined(named, "; ", [](const std::string& fault) { return fault; });
  return all.size() > most_faults ? text + "; and " + std::to_string(all.size() - most_faults) + " more"
                                  : text;
}

}  // namespace

void require_no_misfits(const std::vector<std::string>& misfits, const std::string& who) {
  if (misfits.empty()) return;
  throw StateError({.who = who,
                    .given = first_few(misfits),
                    .wanted = "the state of the same objects",
                    .hint = "nothing was changed"});
}

StateVisitor::StateVisitor(StateDict& taken) : taken_(&taken) {}
StateVisitor::StateVisitor(const StateDict& given) : given_(&given) {}
StateVisitor::~StateVisitor() = default;

void StateVisitor::flag(std::string_view name, bool& value, std::optional<bool> only) {
  count(name, Index{value}, only.value_or(false) ? 1 : 0, only.value_or(true) ? 1 : 0,
        [&value](Index given) { value = given != 0; });
}

void StateVisitor::at_commit(std::function<void()> put) { puts_.push_back(std::move(put)); }

StateVisitor::Scope::Scope(StateVisitor& visitor, std::string_view name)
    : visitor_(visitor), before_(visitor.prefix_.size()) {
  visitor_.prefix_ += name;
  visitor_.prefix_ += '/';
}

std::string StateVisitor::full(std::string_view name) const { return prefix_ + std::string(name); }

void StateVisitor::fault(std::string_view name, const std::string& what) {
  faults_.push_back(in_quotes(full(name)) + " is " + what);
}

bool StateVisitor::has(std::string_view name) const {
  return given_ != nullptr && given_->find(full(name)) != nullptr;
}

const AnyMatrix* StateVisitor::find(std::string_view name, const char* wanted) {
  const std::string all = full(name);
  seen_.insert(all);
  if (const StateDict::Entry* entry = given_->find(all)) return &entry->value;
  const auto left_out = given_->left_out().find(all);
  fault(name, left_out == given_->left_out().end() ? "missing" : left_out->second + " instead of " + wanted);
  return nullptr;
}

template <class T>
const Matrix<T>* StateVisitor::fitting(std::string_view name, std::optional<Shape> shape) {
  const AnyMatrix* value = find(name, name_of(element_of<T>));
  if (value == nullptr) return nullptr;
  const Shape there = shape_of(*value);
  if (element_in(*value) != element_of<T>) {
    fault(name, std::string("of ") + name_of(element_in(*value)) + " instead of " + name_of(element_of<T>));
    return nullptr;
  }
  if (shape && there != *shape) {
    fault(name, to_string(there) + " instead of " + to_string(*shape));
    return nullptr;
  }
  return &std::get<Matrix<T>>(*value);
}

void StateVisitor::kind(std::string_view kind) {
  const std::string name = full("kind");
  if (taking()) return taken_->add_words(name, std::string(kind));
  const std::string* there = given_->find_words(name);
  seen_.insert(name);
  if (there == nullptr) return fault("kind", "missing");
  if (*there != kind) fault("kind", in_quotes(*there) + " instead of " + in_quotes(kind));
}

void StateVisitor::number(std::string_view name, double& value, const NumberRange& range) {
  if (taking()) return taken_->add(entry_of(full(name), std::vector{value}));
  const auto* there = fitting<double>(name, Shape{1, 1});
  if (there == nullptr) return;
  const double given = there->front();
  if (!range.holds(given)) return fault(name, to_text(given) + " instead of " + range.wanted);
  at_commit([&value, given] { value = given; });
}

void StateVisitor::count(std::string_view name, Index value, Index least, Index most,
                         const std::function<void(Index)>& put) {
  if (taking()) return taken_->add(entry_of(full(name), std::vector{value}));
  const auto* there = fitting<Index>(name, Shape{1, 1});
  if (there == nullptr) return;
  const Index given = there->front();
  if (given > most) return fault(name, std::to_string(given) + ", which is too large");
  if (given < least) return fault(name, std::to_string(given) + ", which is too small");
  at_commit([put, given] { put(given); });
}

void StateVisitor::numbers(std::string_view name, std::vector<double>& values, const NumberRange& range) {
  if (taking()) return take(name, values);
  auto list = given<double>(name);
  require(name, list, range);
  at_commit([&values, list = std::move(list)]() mutable { values.swap(list); });
}

void StateVisitor::require(std::string_view name, const std::vector<double>& given,
                           const NumberRange& range) {
  const auto it = std::find_if_not(given.begin(), given.end(), range.holds);
  if (it == given.end()) return;
  fault(name, to_text(*it) + " at its element " + std::to_string(it - given.begin()) + " instead of " +
                  range.wanted);
}

void StateVisitor::require(std::string_view name, const std::vector<Index>& given, Index most) {
  const auto it = std::find_if(given.begin(), given.end(), [most](Index x) { return x > most; });
  if (it == given.end()) return;
  fault(name, std::to_string(*it) + " at its element " + std::to_string(it - given.begin()) +
                  ", which is too large");
}

void StateVisitor::take(std::string_view name, std::vector<double> values) {
  taken_->add(entry_of(full(name), values));
}

void StateVisitor::take(std::string_view name, std::vector<Index> values) {
  taken_->add(entry_of(full(name), values));
}

void StateVisitor::take(std::string_view name, AnyMatrix value) {
  taken_->add({.name = full(name), .value = std::move(value)});
}

template <class T>
std::vector<T> StateVisitor::given(std::string_view name, std::optional<Index> size) {
  const auto* there = fitting<T>(name, size ? std::optional<Shape>({*size, 1}) : std::nullopt);
  if (there == nullptr) return {};
  if (there->n_cols != 1) {
    fault(name, to_string(shape_of(*there)) + " instead of one column");
    return {};
  }
  return {there->begin(), there->end()};
}

const AnyMatrix* StateVisitor::given_matrix(std::string_view name) {
  return find(name, "float, double or index");
}

template <class T>
void StateVisitor::matrix(std::string_view name, Matrix<T>& value, std::optional<Dimensions> dimensions,
                          const NumberRange& range) {
  if (taking()) {
    return taken_->add({.name = full(name), .value = Matrix<T>(value), .dimensions = std::move(dimensions)});
  }
  const Matrix<T>* there = fitting<T>(name, shape_of(value));
  if (there == nullptr) return;
  const auto* const bad = std::find_if_not(there->begin(), there->end(), range.holds);
  if (bad != there->end()) return fault(name, to_text(*bad) + " instead of " + range.wanted);
  at_commit([&value, there] { std::copy(there->begin(), there->end(), value.begin()); });
}

void StateVisitor::require_fit(bool complete, const std::string& who) const {
  std::vector<std::string> all = faults_;
  if (complete) {
    for (const StateDict::Entry& entry : given_->entries()) {
      if (!seen_.contains(entry.name)) all.push_back(in_quotes(entry.name) + " is left over");
    }
  }
  require_no_misfits(all, who);
}

void StateVisitor::commit() noexcept {
  const std::vector<std::function<void()>> puts = std::move(puts_);  // one of them may visit something else
  for (const auto& put : puts) put();
}

template void StateVisitor::matrix(std::string_view, Matrix<float>&, std::optional<Dimensions>,
                                   const NumberRange&);
template void StateVisitor::matrix(std::string_view, Matrix<double>&, std::optional<Dimensions>,
                                   const NumberRange&);
template std::vector<double> StateVisitor::given(std::string_view, std::optional<Index>);
template std::vector<Index> StateVisitor::given(std::string_view, std::optional<Index>);

}  // namespace tapedeck
