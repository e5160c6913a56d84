#include "check/unset.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "tapedeck/tape/detail/errors.hpp"
#include "tapedeck/tape/detail/finite.hpp"

namespace tapedeck::detail {
namespace {

// Both are NaN as float and as double. An op may set either of them on purpose, such as an index that means
// "none", but not each of them where it happens to find it.
constexpr std::array<std::uint32_t, 2> words{Arena::poison, 0x7fffffff};

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
      const Entry& e = pass_of(one.tape).entry(record.first_output + m);
      const auto i = first_unset(e, pass_of(two.tape).entry(again[k]->first_output + m));
      if (!i) continue;
      const auto& operand = m < s.outputs.size ? s.outputs[m] : s.saved[m - s.outputs.size];
      return who(record.type->name, record.place) + ": " + std::string(operand.name) + " is unset at (" +
             std::to_string(*i % e.rows) + "," + std::to_string(*i / e.rows) + ")";
    }
  }
  return std::nullopt;
}

}  // namespace tapedeck::detail
