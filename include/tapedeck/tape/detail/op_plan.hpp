#pragma once

/// @file
/// Internal: what follows from an op's signature: which arguments its members take, and whether it says all
/// sizes. Authors of ops need not read this; `op.hpp` is theirs.

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "tapedeck/core/matrix.hpp"
#include "tapedeck/tape/signature.hpp"

namespace tapedeck {

template <class T>
class Sink;

namespace detail {

// An op's matrices are numbered: inputs, then outputs, then what is saved.
constexpr std::size_t first_output(const Signature& s) { return s.inputs.size; }
constexpr std::size_t first_saved(const Signature& s) { return s.inputs.size + s.outputs.size; }
constexpr std::size_t operand_count(const Signature& s) { return first_saved(s) + s.saved.size; }
constexpr const Signature::Operand& operand(const Signature& s, std::size_t number) {
  return number < first_output(s)  ? s.inputs[number]
         : number < first_saved(s) ? s.outputs[number - first_output(s)]
                                   : s.saved[number - first_saved(s)];
}

// What a member does with an argument.
enum class Role : std::uint8_t {
  read,       // const auto&: an input
  write,      // auto&: an output, or what is saved
  sink,       // auto&: takes the cotangent of a differentiated input
  cotangent,  // const auto&: the cotangent of an output
  kept,       // const auto&: a matrix that the signature keeps for the vjp
};

// One argument of a member.
struct Argument {
  Role role = Role::read;
  bool index = false;  // a matrix of integers
  std::size_t operand_number = 0;

  constexpr bool writable() const { return role == Role::write || role == Role::sink; }
};

// The arguments of a member in their order. Those that are written come first.
struct Arguments {
  std::array<Argument, 8 + 4 + 16> items{};  // a vjp has the most: 8 sinks, 4 cotangents, 16 kept matrices
  std::size_t size = 0;

  constexpr const Argument& operator[](std::size_t i) const { return items[i]; }
  constexpr std::size_t writable_count() const {
    std::size_t n = 0;
    while (n < size && items[n].writable()) ++n;
    return n;
  }
  // Appends operands first, ..., end - 1, as far as their signature gives them the role.
  constexpr void append(const Signature& s, Role role, std::size_t first, std::size_t end) {
    for (std::size_t i = first; i < end; ++i) {
      const Signature::Operand& o = operand(s, i);
      if (role == Role::sink && !o.differentiated()) continue;
      if (role == Role::kept && !o.kept) continue;
      items[size++] = {role, o.index && role != Role::cotangent, i};
    }
  }
};

constexpr Arguments forward_arguments(const Signature& s) {
  Arguments list;
  list.append(s, Role::write, first_output(s), operand_count(s));
  list.append(s, Role::read, 0, first_output(s));
  return list;
}
constexpr Arguments surrogate_arguments(const Signature& s) {
  Arguments list;
  list.append(s, Role::write, first_output(s), first_saved(s));
  list.append(s, Role::read, 0, first_output(s));
  return list;
}
constexpr Arguments vjp_arguments(const Signature& s) {
  Arguments list;
  list.append(s, Role::sink, 0, first_output(s));
  list.append(s, Role::cotangent, first_output(s), first_saved(s));
  list.append(s, Role::kept, 0, operand_count(s));
  return list;
}

// The arguments that Member of the op O takes. Only for a signature without fault.
template <class Member, class O>
inline constexpr Arguments arguments_of = Member::arguments(O::signature);

// What an argument refers to, where the pass computes in T.
template <class T, bool index>
using ElementOf = std::conditional_t<index, Index, T>;
template <class T, Role role, bool index>
struct Referent {
  using Type = const Matrix<ElementOf<T, index>>;
};
template <class T, bool index>
struct Referent<T, Role::write, index> {
  using Type = Matrix<ElementOf<T, index>>;
};
template <class T, bool index>
struct Referent<T, Role::sink, index> {
  using Type = Sink<T>;
};

template <class... Types>
struct List {};
template <class Member, class O, class T, std::size_t... I>
auto argument_types(std::index_sequence<I...>) -> List<
    typename Referent<T, arguments_of<Member, O>[I].role, arguments_of<Member, O>[I].index>::Type&...>;
// References to what Member of O is called with, where the pass computes in T.
template <class Member, class O, class T>
using ArgumentTypes =
    decltype(argument_types<Member, O, T>(std::make_index_sequence<arguments_of<Member, O>.size>{}));

// Returns whether a signature says all sizes of outputs and saved matrices: words that occur in the shapes of
// inputs, or of the first output where that is stated.
consteval bool says_all_sizes(const Signature& s, bool first_output_stated) {
  std::array<bool, Signature::max_words> said{};
  bool all = true;
  for (std::size_t i = 0; i < operand_count(s); ++i) {
    const bool says = i < first_output(s) || (i == first_output(s) && first_output_stated);
    for (const Signature::Size size : {operand(s, i).rows, operand(s, i).cols}) {
      if (!size.word) continue;
      if (says) said[size.number] = true;
      all &= said[size.number];
    }
  }
  return all;
}

}  // namespace detail
}  // namespace tapedeck
