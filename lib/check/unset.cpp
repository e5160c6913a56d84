#include "check/unset.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace tapedeck::detail {
namespace {

// Both are NaN as float and as double. An op may set either of them on purpose, such as an index that means
// "none", but not each of them where it happens to find it.
constexpr std::array<std::uint32_t, 2> words{Arena::poison, 0x7fffffff};

bool holds(const Entry& e, Index element, std::uint32_t word) {
  const std::size_t size = size_in_bytes(e.element);
  std::uint64_t wanted = 0;
  Arena::fill(&wanted, size, word);
  return std::memcmp(static_cast<const std::byte*>(e.data) + element * size, &wanted, size) == 0;
}

// The first element that holds what the memory held before, in either pass.
std::optional<Index> first_unset(const Entry& one, const Entry& two) {
  if (one.shape() != two.shape()) return std::nullopt;
  for (Index i = 0; i < one.shape().size(); ++i) {
    if (holds(one, i, words[0]) && holds(two, i, words[1])) return i;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> first_unset(const Subject& subject, Memory& memory, Memory& other_memory) {
  const Subject::Use one(subject, memory, {.poison = words[0], .all_records = true});
  const Subject::Use two(subject, other_memory, {.poison = words[1], .all_records = true});
  const auto records = one.records();
  const auto again = two.records();
  for (std::size_t k = 0; k < std::min(records.size(), again.size()); ++k) {
    const Record& record = *records[k];
    const Signature& s = *record.type->signature;
    for (std::uint32_t m = 0; m < s.outputs.size + s.saved.size; ++m) {
      const Entry& e = Pass::of(one.tape).entry(record.first_output + m);
      const auto i = first_unset(e, Pass::of(two.tape).entry(again[k]->first_output + m));
      if (!i) continue;
      const auto& operand = m < s.outputs.size ? s.outputs[m] : s.saved[m - s.outputs.size];
      return Pass::who(record.type->name, record.place) + ": " + std::string(operand.name) +
             " is unset at (" + std::to_string(*i % e.rows) + "," + std::to_string(*i / e.rows) + ")";
    }
  }
  return std::nullopt;
}

}  // namespace tapedeck::detail
