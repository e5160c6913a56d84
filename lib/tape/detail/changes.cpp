#include "tapedeck/tape/detail/changes.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <string>

#include "core/text.hpp"
#include "tapedeck/core/error.hpp"
#include "tapedeck/tape/detail/errors.hpp"
#include "tapedeck/tape/detail/pass.hpp"

namespace tapedeck::detail {
namespace {

// FNV-1a over words of 32 bits.
std::uint64_t checksum(const Entry& e) {
  const auto* bytes = static_cast<const std::byte*>(e.data);
  std::uint64_t sum = 0xcbf29ce484222325;
  for (std::size_t i = 0; i < e.bytes(); i += sizeof(std::uint32_t)) {
    std::uint32_t word = 0;
    std::memcpy(&word, bytes + i, sizeof word);
    sum = (sum ^ word) * 0x100000001b3;
  }
  return sum;
}

[[noreturn]] void refuse_change(const Record& record, const std::string& what) {
  throw UsageError({.who = who(record.type->name, record.place),
                    .given = what + " after the forward pass used it",
                    .wanted = "the values of the forward pass",
                    .hint = "go back before changing it, or record a new tape after"});
}

// Changes that the library made.
void require_unchanged(const Pass& pass, const Record& record) {
  const std::uint64_t known = pass.changes.count_at(record.first_output);
  for (std::uint32_t i = 0; i < record.input_count; ++i) {
    const std::uint32_t root = pass.entry(record.inputs[i]).root;
    if (!record.keeps(i) || !pass.values.is_stored(root)) continue;
    const Change& last = pass.store().internals().last_change(root);
    if (last.number > known)
      refuse_change(record, in_quotes(stored_name(pass, root)) + " was changed by " + last.by);
  }
}

// Any other.
void require_same_checksums(const Pass& pass, const Record& record) {
  for (const Changes::Checksum& c : pass.changes.checksums_of(record)) {
    const std::uint32_t input = record.inputs[c.input];
    if (checksum(pass.entry(input)) == c.sum) continue;
    const std::string_view name =
        record.type->keeps_all ? "an operand" : record.type->signature->inputs[c.input].name;
    refuse_change(record, describe(pass, name, input) + " and was written to");
  }
}

}  // namespace

void Changes::note(std::uint32_t first_entry, std::uint64_t count) {
  noted_.push_back({first_entry, count});
  current_ = count;
}

std::uint64_t Changes::count_at(std::uint32_t entry) const {
  const auto after = std::upper_bound(noted_.begin(), noted_.end(), entry,
                                      [](std::uint32_t e, const Noted& n) { return e < n.first_entry; });
  return std::prev(after)->count;
}

std::span<const Changes::Checksum> Changes::checksums_of(const Record& record) const {
  const auto first = std::lower_bound(checksums_.begin(), checksums_.end(), record.first_output,
                                      [](const Checksum& c, std::uint32_t o) { return c.first_output < o; });
  auto last = first;
  while (last != checksums_.end() && last->first_output == record.first_output) ++last;
  return {first, last};
}

void Changes::end() noexcept {
  noted_.clear();
  checksums_.clear();
}

void Changes::clear() {
  std::vector<Noted>{}.swap(noted_);
  std::vector<Checksum>{}.swap(checksums_);
}

void note_checksums(Pass& pass, const Record& record) {
  for (std::uint32_t i = 0; i < record.input_count; ++i) {
    const Entry& e = pass.entry(record.inputs[i]);
    if (record.keeps(i) && !e.owned) pass.changes.add({record.first_output, i, checksum(e)});
  }
}

void require_same_values(const Pass& pass, const Record& record) {
  if (!pass.reached(record, record.type->signature->outputs.size)) return;
  require_unchanged(pass, record);
  if (pass.check_finite()) require_same_checksums(pass, record);
}

}  // namespace tapedeck::detail
