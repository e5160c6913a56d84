#include "tapedeck/io/checkpoint.hpp"

#include <algorithm>
#include <variant>

#include "core/scoped_flag.hpp"
#include "core/text.hpp"
#include "io/durable_file.hpp"
#include "io/safetensors_write.hpp"
#include "io/sha256.hpp"
#include "tapedeck/core/version.hpp"
#include "tapedeck/io/safetensors.hpp"

namespace tapedeck {
namespace {

constexpr const char* format_key = "format";
constexpr const char* format = "tapedeck checkpoint 1";
constexpr const char* version_key = "tapedeck";
constexpr const char* fingerprint_key = "fingerprint";
constexpr const char* previous_ending = ".previous";

// Of what there is: names, types and shapes, in the order of names, but not of the numbers. It tells at a
// glance whether two files are of the same objects.
std::string fingerprint(const StateDict& state) {
  std::vector<std::string> lines;
  for (const StateDict::Entry& entry : state.entries()) {
    lines.push_back(std::visit(
        [&]<class T>(const Matrix<T>& m) {
          return entry.name + ' ' + name_of(element_of<T>) + ' ' + to_string(shape_of(m)) + '\n';
        },
        entry.value));
  }
  std::sort(lines.begin(), lines.end());
  io::Sha256 hash;
  for (const std::string& line : lines) hash.add(std::as_bytes(std::span(line)));
  return hash.hex();
}

void require_words(const StateDict& state, const std::string& path, const char* key,
                   const std::string& wanted) {
  const std::string* there = state.find_words(key);
  if (there != nullptr && *there == wanted) return;
  throw FileError({.who = path,
                   .given = std::string(key) + " is " + (there == nullptr ? "missing" : in_quotes(*there)),
                   .wanted = in_quotes(wanted),
                   .hint = "a checkpoint that this version of the library wrote"});
}

}  // namespace

std::string Checkpoint::previous(const std::string& path) {
  return io::target_of(path).value_or(path) + previous_ending;
}

void Checkpoint::require_no_visit() const {
  if (!visiting_) return;
  throw UsageError({.who = "Checkpoint",
                    .given = "a call from within the visit_state of one of its objects",
                    .wanted = "one before or after save and load"});
}

Checkpoint& Checkpoint::add_part(Part part) {
  require_no_visit();
  const bool well_formed = !part.name.empty() && std::all_of(part.name.begin(), part.name.end(), in_word);
  if (!well_formed || part.name == "store") {
    throw NameError({.who = "Checkpoint",
                     .given = "the name " + in_quotes(part.name),
                     .wanted = "letters, digits, '_' and '-', and not \"store\""});
  }
  for (const Part& other : parts_) {
    if (other.name != part.name) continue;
    throw NameError({.who = "Checkpoint",
                     .given = "the name " + in_quotes(part.name) + " a second time",
                     .wanted = "a new one"});
  }
  parts_.push_back(std::move(part));
  return *this;
}

Checkpoint& Checkpoint::set_words(const std::string& name, std::string words) {
  if (name == format_key || name == version_key || name == fingerprint_key) {
    throw NameError({.who = "Checkpoint",
                     .given = "words of the name " + in_quotes(name) + ", which is taken",
                     .wanted = "another"});
  }
  words_[name] = std::move(words);
  return *this;
}

void Checkpoint::visit(StateVisitor& visitor) {
  require_no_visit();
  const ScopedFlag visiting(visiting_);
  store_.visit_state(visitor);
  for (const Part& part : parts_) {
    const StateVisitor::Scope scope(visitor, part.name);
    part.visit(visitor);
  }
}

void Checkpoint::save(const std::string& path) {
  StateDict state;
  StateVisitor visitor(state);
  visit(visitor);
  for (const auto& [name, words] : words_) state.add_words(name, words);
  state.add_words(format_key, format);
  state.add_words(version_key, version);
  state.add_words(fingerprint_key, fingerprint(state));
  io::write_safetensors(path, io::items_of(state), state.words(), previous_ending);
}

void Checkpoint::load(const std::string& path) {
  const StateDict state = read_safetensors(path);
  require_words(state, path, format_key, format);
  require_words(state, path, fingerprint_key, fingerprint(state));
  StateVisitor visitor(state);
  visit(visitor);
  visitor.require_fit(true, path);
  visitor.commit();
}

}  // namespace tapedeck
