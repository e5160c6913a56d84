#pragma once

/// @file
/// Internal: what an op must offer, asked when it is applied; `op_errors.hpp` says what is missing. Authors
/// of ops need not read this; `op.hpp` is theirs.

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "tapedeck/core/matrix.hpp"
#include "tapedeck/param/parameter.hpp"
#include "tapedeck/tape/detail/op_plan.hpp"
#include "tapedeck/tape/operand.hpp"
#include "tapedeck/tape/signature.hpp"
#include "tapedeck/tape/sink.hpp"
#include "tapedeck/tape/value.hpp"

namespace tapedeck {

class Context;

namespace detail {

// The members of an op that its signature describes: their arguments, what they return, how they are called,
// and (by a data member of the same name, see `mentions`) whether an op has one. The return type of `call` is
// deduced, although it is void: Clang then leaves the function out of its notes on an error in an op.

struct Forward {
  static constexpr const char* name = "forward";
  static constexpr bool optional = false;
  static constexpr bool may_take_context = true;
  static constexpr Arguments arguments(const Signature& s) { return forward_arguments(s); }

  template <class O, class... A>
  using Returned = decltype(std::declval<O&>().forward(std::declval<A>()...));
  static auto call(const auto& op, auto&... passed) { op.forward(passed...); }

  int forward;
  template <class Derived>
  static constexpr bool named_once_in = requires {
    &Derived::forward;
  };
};

struct Surrogate {
  static constexpr const char* name = "surrogate";
  static constexpr bool optional = true;
  static constexpr bool may_take_context = true;
  static constexpr Arguments arguments(const Signature& s) { return surrogate_arguments(s); }

  template <class O, class... A>
  using Returned = decltype(std::declval<O&>().surrogate(std::declval<A>()...));
  static auto call(const auto& op, auto&... passed) { op.surrogate(passed...); }

  int surrogate;
  template <class Derived>
  static constexpr bool named_once_in = requires {
    &Derived::surrogate;
  };
};

struct Vjp {
  static constexpr const char* name = "vjp";
  static constexpr bool optional = false;
  static constexpr bool may_take_context = false;
  static constexpr Arguments arguments(const Signature& s) { return vjp_arguments(s); }

  template <class O, class... A>
  using Returned = decltype(std::declval<O&>().vjp(std::declval<A>()...));
  static auto call(const auto& op, auto&... passed) { op.vjp(passed...); }

  int vjp;
  template <class Derived>
  static constexpr bool named_once_in = requires {
    &Derived::vjp;
  };
};

struct ShapeMember {
  template <class O, class... A>
  using Returned = decltype(std::declval<O&>().shape(std::declval<A>()...));

  int shape;
  template <class Derived>
  static constexpr bool named_once_in = requires {
    &Derived::shape;
  };
};

// Whether O can be called with the arguments A, and whether it then returns R.
template <class Member, class O, class... A>
concept Callable = requires {
  typename Member::template Returned<O, A...>;
};
template <class Member, class R, class O, class... A>
concept Returns = Callable<Member, O, A...> && std::same_as<typename Member::template Returned<O, A...>, R>;

// Whether O takes the arguments A, alone or after a Context (and not after any matrix in its place).
template <class Member, class O, class... A>
concept TakesContext = Member::may_take_context && !Callable<Member, O, Matrix<float>&, A...> &&
                       Returns<Member, void, O, Context&, A...>;
template <class Member, class O, class... A>
concept Takes = Returns<Member, void, O, A...> || TakesContext<Member, O, A...>;

template <class Member, class O, class... A>
consteval bool takes(List<A...> /*arguments*/) {
  return Takes<Member, O, A...>;
}

// Whether O writes through its first arguments: it does not take an rvalue for any of them, as it would for
// `const auto&` and `auto`.
template <class Member, class O, std::size_t p, class... A, std::size_t... I>
consteval bool takes_rvalue(List<A...> /*arguments*/, std::index_sequence<I...>) {
  return Takes<Member, O, std::conditional_t<I == p, std::remove_reference_t<A>&&, A>...>;
}
template <class Member, class O, class... A, std::size_t... P>
consteval bool writes(List<A...> arguments, std::index_sequence<P...>) {
  return !(takes_rvalue<Member, O, P>(arguments, std::index_sequence_for<A...>{}) || ...);
}

template <class Type, std::size_t>
using Repeated = Type;

// Whether O takes so many arguments, or any of several other counts than the signature's. Types do not matter
// where arguments are written with auto.
template <class Member, class O, class T, std::size_t... I>
consteval bool takes_count(std::index_sequence<I...>) {
  return Takes<Member, O, Repeated<Matrix<T>&, I>...>;
}
template <class Member, class O, class T, std::size_t... Counts>
consteval bool takes_other_count(std::index_sequence<Counts...>) {
  constexpr std::size_t wanted = arguments_of<Member, O>.size;
  return ((Counts != wanted && takes_count<Member, O, T>(std::make_index_sequence<Counts>{})) || ...);
}

// Whether O has a member of that name at all, as far as can be known: of a class that derives from both, the
// name would be ambiguous.
template <class O, class Member>
struct Both : O, Member {};
template <class Member, class O>
consteval bool mentions() {
  if constexpr (std::is_final_v<O>) {
    return true;
  } else {
    return !Member::template named_once_in<Both<O, Member>>;
  }
}

// How a member of an op fits its signature.
enum class Fit : std::uint8_t { right, missing, not_const, one_scalar, wrong_count, mistyped };

template <class Member, class O>
consteval Fit find_fit() {
  using Floats = ArgumentTypes<Member, O, float>;
  using Doubles = ArgumentTypes<Member, O, double>;
  constexpr bool floats = takes<Member, const O>(Floats{});
  constexpr bool doubles = takes<Member, const O>(Doubles{});
  if constexpr (floats && doubles) {
    using Writable = std::make_index_sequence<arguments_of<Member, O>.writable_count()>;
    return writes<Member, const O>(Floats{}, Writable{}) ? Fit::right : Fit::mistyped;
  } else if constexpr (floats || doubles) {
    return Fit::one_scalar;
  } else if constexpr (takes<Member, O>(Floats{})) {
    return Fit::not_const;
  } else if constexpr (!mentions<Member, O>()) {
    return Fit::missing;
  } else {
    using Counts = std::make_index_sequence<18>;
    constexpr bool wrong_count =
        takes_other_count<Member, O, float>(Counts{}) || takes_other_count<Member, O, double>(Counts{});
    constexpr bool unknown = Member::optional && std::is_final_v<O>;  // whether there is such a member at all
    return wrong_count ? Fit::wrong_count : unknown ? Fit::missing : Fit::mistyped;
  }
}
template <class Member, class O>
inline constexpr Fit fit = find_fit<Member, O>();

template <class O>
inline constexpr bool has_surrogate = fit<Surrogate, O> == Fit::right;
template <class O>
inline constexpr bool has_sinks = arguments_of<Vjp, O>.writable_count() > 0;  // without one, no vjp is called
template <class O>
inline constexpr bool surrogate_fits = has_surrogate<O> || fit<Surrogate, O> == Fit::missing;

template <class O, std::size_t... I>
consteval bool states_shape(std::index_sequence<I...>) {
  return Returns<ShapeMember, Shape, const O, Repeated<Shape, I>...>;
}
template <class O>
inline constexpr bool has_shape = states_shape<O>(std::make_index_sequence<O::signature.inputs.size>{});
template <class O>
inline constexpr bool mistypes_shape = !has_shape<O> && !std::is_final_v<O> && mentions<ShapeMember, O>();

// The contract.

template <class O>
concept HasName = requires {
  typename std::bool_constant<!std::string_view(static_cast<const char*>(O::name)).empty()>;
};
template <class O>
concept HasSignature = requires {
  requires std::same_as<std::remove_cvref_t<decltype(O::signature)>, Signature>;
  typename std::bool_constant<(O::signature.fault == Signature::Fault::none)>;
};
template <class O>
concept HasReadableSignature = HasSignature<O> && O::signature.fault == Signature::Fault::none;
template <class O>
concept IsPlain = std::is_trivially_copyable_v<O> && std::is_trivially_destructible_v<O>;
template <class O>
concept HasShapes = !mistypes_shape<O> && says_all_sizes(O::signature, has_shape<O>);
template <class Member, class O>
concept Fits = (fit<Member, O> == Fit::right);
template <class O>
concept VjpFits = !has_sinks<O> || Fits<Vjp, O>;
template <class O>
concept HasMembers = Fits<Forward, O> && surrogate_fits<O> && VjpFits<O>;
template <class O>
concept IsOp = HasName<O> && IsPlain<O> && HasReadableSignature<O> && HasShapes<O> && HasMembers<O>;

template <class T>
concept IsOperand = std::same_as<T, Value> || std::same_as<T, Parameter> || std::same_as<T, Buffer> ||
    std::same_as<T, Operand>;
template <class... Operands>
inline constexpr bool all_on_tape = (IsOperand<Operands> && ...);
template <class... Operands>
inline constexpr bool any_value = (std::same_as<Operands, Value> || ...);
template <class O, class... Operands>
concept CanApply = IsOp<O> && all_on_tape<Operands...> && any_value<Operands...> &&
                   sizeof...(Operands) == O::signature.inputs.size;

// What an op gives: a Value, or an array of them if its signature has several outputs.
template <class O>
struct Result {
  using Type = Value;
};
template <HasReadableSignature O>
requires(O::signature.outputs.size > 1) struct Result<O> {
  using Type = std::array<Value, O::signature.outputs.size>;
};

}  // namespace detail
}  // namespace tapedeck
