#pragma once

/// @file
/// Internal: what follows from an op's signature: how many arguments its members take, and which. Authors of
/// ops need not read this; `op.hpp` is theirs.

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "tapedeck/core/matrix.hpp"
#include "tapedeck/tape/signature.hpp"

namespace tapedeck::detail {

// Everything about an op that follows from its signature at compile time.
template <class O>
struct Plan {
  static constexpr const Signature& s = O::signature;
  static constexpr std::size_t inputs = s.inputs.size;
  static constexpr std::size_t outputs = s.outputs.size;
  static constexpr std::size_t saved = s.saved.size;

  // An entry that a vjp reads: input i is number i, output j is inputs + j, saved k is inputs + outputs + k.
  struct Kept {
    std::size_t number = 0;
    bool index = false;
  };
  static constexpr std::size_t count(bool (*of)(const Signature::Operand&)) {
    std::size_t n = 0;
    for (std::size_t i = 0; i < inputs; ++i) n += of(s.inputs[i]) ? 1 : 0;
    return n;
  }
  static constexpr std::size_t sinks = count([](const Signature::Operand& o) { return o.differentiated(); });
  static constexpr auto sink_inputs = [] {
    std::array<std::size_t, sinks> list{};
    for (std::size_t i = 0, n = 0; i < inputs; ++i) {
      if (s.inputs[i].differentiated()) list[n++] = i;
    }
    return list;
  }();
  static constexpr auto kept_with_room = [] {
    std::pair<std::array<Kept, 16>, std::size_t> list{};
    const auto add = [&](const auto& operands, std::size_t first) {
      for (std::size_t i = 0; i < operands.size; ++i) {
        if (operands[i].kept) list.first[list.second++] = {first + i, operands[i].index};
      }
    };
    add(s.inputs, 0);
    add(s.outputs, inputs);
    add(s.saved, inputs + outputs);
    return list;
  }();
  static constexpr std::size_t kept_count = kept_with_room.second;
  static constexpr const auto& kept = kept_with_room.first;
};

template <class T, bool index>
using ElementOf = std::conditional_t<index, Index, T>;

// Whether a signature says all sizes of outputs and saved matrices: words that occur in the shapes of inputs,
// or of the first output where that is stated.
consteval bool says_all_sizes(const Signature& s, bool first_output_stated) {
  std::array<bool, Signature::max_words> said{};
  const auto say = [&](const Signature::Operand& operand) {
    for (const Signature::Size size : {operand.rows, operand.cols}) {
      if (size.word) said[size.number] = true;
    }
  };
  const auto known = [&](Signature::Size size) { return !size.word || said[size.number]; };
  for (std::size_t i = 0; i < s.inputs.size; ++i) say(s.inputs[i]);
  if (first_output_stated) say(s.outputs[0]);
  bool all = true;
  for (std::size_t i = 0; i < s.outputs.size; ++i)
    all &= known(s.outputs[i].rows) && known(s.outputs[i].cols);
  for (std::size_t i = 0; i < s.saved.size; ++i) all &= known(s.saved[i].rows) && known(s.saved[i].cols);
  return all;
}

}  // namespace tapedeck::detail
