#include "tapedeck/param/state_dict.hpp"

#include <utility>
#include <variant>

#include "core/text.hpp"

namespace tapedeck {
namespace {

constexpr std::size_t longest_name = 512;  // in bytes; what names in files are limited to

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

void StateDict::add(Entry entry) {
  require_name(entry.name, places_.contains(entry.name));
  const Shape shape = std::visit([](const auto& m) { return shape_of(m); }, entry.value);
  if (entry.vector && shape.cols != 1) {
    throw ShapeError({.who = "StateDict",
                      .given = "a vector " + in_quotes(entry.name) + " of " + to_string(shape),
                      .wanted = "one column"});
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
