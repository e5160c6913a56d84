#include "tapedeck/state/state_dict.hpp"

#include <utility>
#include <variant>

#include "core/text.hpp"

namespace tapedeck {
namespace {

void require_name(const std::string& name, bool taken) {
  if (name.empty() || name.size() > longest_name || name.find('\0') != std::string::npos) {
    throw NameError({.who = "StateDict",
                     .given = "the name " + in_quotes(name),
                     .wanted = "1 to 512 bytes, none of them zero"});
  }
  if (taken) {
    throw NameError({.who = "StateDict",
                     .given = "the name " + in_quotes(name) + " a second time",
                     .wanted = "a new one"});
  }
}

}  // namespace

std::string to_string(const Dimensions& dimensions) {
  std::string text = "[";
  text += joined(dimensions, ", ", [](Index size) { return std::to_string(size); });
  return text + "]";
}

std::optional<Shape> matrix_shape(const Dimensions& dimensions) {
  if (dimensions.size() > most_dimensions) return std::nullopt;
  // Both products have to fit: [0, 2^40, 2^40] has no elements, but more columns than can be counted.
  Index elements = 1;
  Shape shape{1, 1};
  for (std::size_t i = 0; i < dimensions.size(); ++i) {
    Index& part = i == 0 ? shape.rows : shape.cols;
    if (__builtin_mul_overflow(elements, dimensions[i], &elements) ||
        __builtin_mul_overflow(part, dimensions[i], &part)) {
      return std::nullopt;
    }
  }
  return shape;
}

void StateDict::add(Entry entry) {
  require_name(entry.name, places_.contains(entry.name));
  const Shape shape = shape_of(entry.value);
  if (!entry.dimensions) entry.dimensions.emplace({shape.rows, shape.cols});
  if (matrix_shape(*entry.dimensions) != shape) {
    throw ShapeError({.who = "StateDict",
                      .given = in_quotes(entry.name) + " of dimensions " + to_string(*entry.dimensions) +
                               " in a matrix of " + to_string(shape),
                      .wanted =
                          "at most 8 dimensions: the first one is the rows, the product of the others the "
                          "columns"});
  }
  entries_.push_back(std::move(entry));
  try {
    places_.emplace(entries_.back().name, entries_.size() - 1);
  } catch (...) {
    entries_.pop_back();
    throw;
  }
}

void StateDict::add_words(std::string name, std::string words) {
  require_name(name, words_.contains(name));
  if (words.find('\0') != std::string::npos) {
    throw NameError({.who = "StateDict",
                     .given = "words with a zero byte for " + in_quotes(name),
                     .wanted = "words without"});
  }
  words_.emplace(std::move(name), std::move(words));
}

void StateDict::leave_out(std::string name, std::string what) {
  require_name(name, places_.contains(name) || left_out_.contains(name));
  left_out_.emplace(std::move(name), std::move(what));
}

void StateDict::reserve(Index count) {
  entries_.reserve(count);
  places_.reserve(count);
}

const StateDict::Entry* StateDict::find(std::string_view name) const {
  const auto place = places_.find(std::string(name));
  return place == places_.end() ? nullptr : &entries_[place->second];
}

const std::string* StateDict::find_words(std::string_view name) const {
  const auto place = words_.find(std::string(name));
  return place == words_.end() ? nullptr : &place->second;
}

}  // namespace tapedeck
