#pragma once

/// @file
/// Internal: what an op must offer, asked when it is applied, so that a mistake is one sentence of the
/// compiler's and not a page from inside the library. Authors of ops need not read this; `op.hpp` is theirs.

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

template <class... Types>
struct List {
  static constexpr std::size_t size = sizeof...(Types);
};
template <class Type, std::size_t>
using Repeated = Type;

// What forward, surrogate and vjp are called with.

template <class O, class T, std::size_t... J, std::size_t... K, std::size_t... I>
auto forward_arguments(std::index_sequence<J...>, std::index_sequence<K...>, std::index_sequence<I...>)
    -> List<Matrix<ElementOf<T, Plan<O>::s.outputs[J].index>>&...,
            Matrix<ElementOf<T, Plan<O>::s.saved[K].index>>&...,
            const Matrix<ElementOf<T, Plan<O>::s.inputs[I].index>>&...>;
template <class O, class T, std::size_t... J, std::size_t... I>
auto surrogate_arguments(std::index_sequence<J...>, std::index_sequence<I...>)
    -> List<Matrix<ElementOf<T, Plan<O>::s.outputs[J].index>>&...,
            const Matrix<ElementOf<T, Plan<O>::s.inputs[I].index>>&...>;
template <class O, class T, std::size_t... S, std::size_t... J, std::size_t... K>
auto vjp_arguments(std::index_sequence<S...>, std::index_sequence<J...>, std::index_sequence<K...>)
    -> List<Repeated<Sink<T>, S>&..., Repeated<const Matrix<T>, J>&...,
            const Matrix<ElementOf<T, Plan<O>::kept[K].index>>&...>;

// A text that the compiler prints with its message, as an argument of the template that failed.
struct Text {
  char characters[512] = {};

  constexpr Text& operator<<(std::string_view more) {
    const std::size_t n = std::string_view(characters).size();
    for (std::size_t i = 0; i < more.size() && n + i + 1 < sizeof(characters); ++i)
      characters[n + i] = more[i];
    return *this;
  }
};

template <class O, class... A>
concept ForwardAccepts = requires(O& op) {
  { op.forward(std::declval<A>()...) } -> std::same_as<void>;
};
// Not in the place of a matrix.
template <class O, class... A>
concept ForwardAcceptsContextAnd = !requires(O & op, Matrix<float>& first) {
  op.forward(first, std::declval<A>()...);
}
&&requires(O& op, Context& context) {
  { op.forward(context, std::declval<A>()...) } -> std::same_as<void>;
};
template <class O, class... A>
concept SurrogateAccepts = requires(O& op) {
  { op.surrogate(std::declval<A>()...) } -> std::same_as<void>;
};
template <class O, class... A>
concept SurrogateAcceptsContextAnd = !requires(O & op, Matrix<float>& first) {
  op.surrogate(first, std::declval<A>()...);
}
&&requires(O& op, Context& context) {
  { op.surrogate(context, std::declval<A>()...) } -> std::same_as<void>;
};
template <class O, class... A>
concept VjpAccepts = requires(O& op) {
  { op.vjp(std::declval<A>()...) } -> std::same_as<void>;
};

// The members of an op that its signature describes: what they are called with, and how they are declared.
// Arguments that are written come first.
struct Forward {
  template <class O, class T>
  using Arguments = decltype(forward_arguments<O, T>(std::make_index_sequence<Plan<O>::outputs>{},
                                                     std::make_index_sequence<Plan<O>::saved>{},
                                                     std::make_index_sequence<Plan<O>::inputs>{}));
  template <class O>
  static constexpr std::size_t written = Plan<O>::outputs + Plan<O>::saved;
  static constexpr bool optional = false;

  template <class O, class... A>
  static constexpr bool accepts = ForwardAccepts<O, A...> || ForwardAcceptsContextAnd<O, A...>;

  struct Namesake {
    int forward;
    template <class O>
    static constexpr bool is_member = requires {
      &O::forward;
    };
  };

  template <class O>
  static constexpr Text declaration = [] {
    const Signature& s = O::signature;
    Text text;
    text << "void forward(";
    for (std::size_t i = 0; i < s.outputs.size; ++i)
      text << (i == 0 ? "auto& " : ", auto& ") << s.outputs[i].name;
    for (std::size_t i = 0; i < s.saved.size; ++i) text << ", auto& " << s.saved[i].name;
    for (std::size_t i = 0; i < s.inputs.size; ++i) text << ", const auto& " << s.inputs[i].name;
    return text << ") const";
  }();
};

// An op may do without.
struct Surrogate {
  template <class O, class T>
  using Arguments = decltype(surrogate_arguments<O, T>(std::make_index_sequence<Plan<O>::outputs>{},
                                                       std::make_index_sequence<Plan<O>::inputs>{}));
  template <class O>
  static constexpr std::size_t written = Plan<O>::outputs;
  static constexpr bool optional = true;

  template <class O, class... A>
  static constexpr bool accepts = SurrogateAccepts<O, A...> || SurrogateAcceptsContextAnd<O, A...>;

  struct Namesake {
    int surrogate;
    template <class O>
    static constexpr bool is_member = requires {
      &O::surrogate;
    };
  };

  template <class O>
  static constexpr Text declaration = [] {
    const Signature& s = O::signature;
    Text text;
    text << "void surrogate(";
    for (std::size_t i = 0; i < s.outputs.size; ++i)
      text << (i == 0 ? "auto& " : ", auto& ") << s.outputs[i].name;
    for (std::size_t i = 0; i < s.inputs.size; ++i) text << ", const auto& " << s.inputs[i].name;
    return text << ") const";
  }();
};

struct Vjp {
  template <class O, class T>
  using Arguments = decltype(vjp_arguments<O, T>(std::make_index_sequence<Plan<O>::sinks>{},
                                                 std::make_index_sequence<Plan<O>::outputs>{},
                                                 std::make_index_sequence<Plan<O>::kept_count>{}));
  template <class O>
  static constexpr std::size_t written = Plan<O>::sinks;
  static constexpr bool optional = false;

  template <class O, class... A>
  static constexpr bool accepts = VjpAccepts<O, A...>;

  struct Namesake {
    int vjp;
    template <class O>
    static constexpr bool is_member = requires {
      &O::vjp;
    };
  };

  template <class O>
  static constexpr Text declaration = [] {
    const Signature& s = O::signature;
    Text text;
    text << "void vjp(";
    for (std::size_t i = 0; i < s.inputs.size; ++i) {
      if (s.inputs[i].differentiated()) text << "auto& d" << s.inputs[i].name << ", ";
    }
    for (std::size_t i = 0; i < s.outputs.size; ++i)
      text << (i == 0 ? "const auto& d" : ", const auto& d") << s.outputs[i].name;
    const auto add_kept = [&](const auto& operands) {
      for (std::size_t i = 0; i < operands.size; ++i) {
        if (operands[i].kept) text << ", const auto& " << operands[i].name;
      }
    };
    add_kept(s.inputs);
    add_kept(s.outputs);
    add_kept(s.saved);
    return text << ") const";
  }();
};

template <class Member, class O, class... A>
consteval bool accepts(List<A...> /*arguments*/) {
  return Member::template accepts<O, A...>;
}

// Whether argument number p may be an rvalue, as it may for `const auto&` and `auto`, which cannot be written
// through.
template <class Member, class O, std::size_t p, class... A, std::size_t... I>
consteval bool accepts_rvalue(List<A...> /*arguments*/, std::index_sequence<I...>) {
  return Member::template accepts<O, std::conditional_t<I == p, std::remove_reference_t<A>&&, A>...>;
}
template <class Member, class O, class... A, std::size_t... P>
consteval bool writes(List<A...> arguments, std::index_sequence<P...>) {
  return !(accepts_rvalue<Member, O, P>(arguments, std::index_sequence_for<A...>{}) || ...);
}

// Whether so many arguments would do. Their types do not matter where they are written with auto.
template <class Member, class O, class T, std::size_t... I>
consteval bool accepts_count(std::index_sequence<I...>) {
  return Member::template accepts<O, Repeated<Matrix<T>&, I>...>;
}
template <class Member, class O, class T, std::size_t... Counts>
consteval bool accepts_other_count(std::index_sequence<Counts...>) {
  constexpr std::size_t wanted = Member::template Arguments<O, T>::size;
  return ((Counts != wanted && accepts_count<Member, O, T>(std::make_index_sequence<Counts>{})) || ...);
}

// Has a member of that name twice, and so names it ambiguously, if the op has one.
template <class O, class Namesake>
struct WithNamesake : O, Namesake {};
template <class O, class Namesake>
consteval bool mentions() {
  if constexpr (std::is_final_v<O>) {
    return true;  // for all that can be known
  } else {
    return !Namesake::template is_member<WithNamesake<O, Namesake>>;
  }
}

// How a member of an op fits its signature.
enum class Fit : std::uint8_t { right, missing, not_const, one_scalar, wrong_count, mistyped };

template <class Member, class O>
consteval Fit find_fit() {
  using Floats = typename Member::template Arguments<O, float>;
  using Doubles = typename Member::template Arguments<O, double>;
  constexpr bool floats = accepts<Member, const O>(Floats{});
  constexpr bool doubles = accepts<Member, const O>(Doubles{});
  if constexpr (floats && doubles) {
    using Written = std::make_index_sequence<Member::template written<O>>;
    return writes<Member, const O>(Floats{}, Written{}) ? Fit::right : Fit::mistyped;
  } else if constexpr (floats || doubles) {
    return Fit::one_scalar;
  } else if constexpr (accepts<Member, O>(Floats{})) {
    return Fit::not_const;
  } else if constexpr (!mentions<O, typename Member::Namesake>()) {
    return Fit::missing;
  } else {
    using Counts = std::make_index_sequence<18>;
    constexpr bool unknown = Member::optional && std::is_final_v<O>;  // whether there is such a member at all
    return accepts_other_count<Member, O, float>(Counts{}) || accepts_other_count<Member, O, double>(Counts{})
               ? Fit::wrong_count
           : unknown ? Fit::missing
                     : Fit::mistyped;
  }
}
template <class Member, class O>
inline constexpr Fit fit = find_fit<Member, O>();
template <class O>
inline constexpr bool has_surrogate = fit<Surrogate, O> == Fit::right;

template <class O, std::size_t... I>
consteval bool states_shape(std::index_sequence<I...>) {
  return requires(const O& op) {
    { op.shape(Repeated<Shape, I>{}...) } -> std::same_as<Shape>;
  };
}
template <class O>
inline constexpr bool has_shape = states_shape<O>(std::make_index_sequence<Plan<O>::inputs>{});

struct ShapeNamesake {
  int shape;
  template <class O>
  static constexpr bool is_member = requires {
    &O::shape;
  };
};
template <class O>
inline constexpr bool mistypes_shape = !has_shape<O> && !std::is_final_v<O> && mentions<O, ShapeNamesake>();

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

template <class O>
concept HasMembers = fit<Forward, O>
== Fit::right && (Plan<O>::sinks == 0 || fit<Vjp, O> == Fit::right) &&
    (has_surrogate<O> || fit<Surrogate, O> == Fit::missing);

template <class O>
concept IsOp = HasName<O> && IsPlain<O> && HasReadableSignature<O> && HasShapes<O> && HasMembers<O>;

template <class T>
concept IsOperand = std::same_as<T, Value> || std::same_as<T, Parameter> || std::same_as<T, Buffer> ||
    std::same_as<T, Operand>;

template <class O, class... Operands>
concept CanApply = IsOp<O> &&(IsOperand<Operands>&&...) && (std::same_as<Operands, Value> || ...) &&
                   sizeof...(Operands) == Plan<O>::inputs;

// What an op gives: a Value, or an array of them if its signature has several outputs.
template <class O>
struct Result {
  using Type = Value;
};
template <HasReadableSignature O>
requires(Plan<O>::outputs > 1) struct Result<O> {
  using Type = std::array<Value, Plan<O>::outputs>;
};

// The sentences. They stand apart from the contract, as GCC calls a constexpr function with a failed
// assertion another error. What is asserted names the template's arguments to GCC, and so prints a text
// besides the sentence.

template <class O, Signature::Fault fault, Text unread>
inline constexpr bool is_free_of = O::signature.fault != fault;

template <class O>
void explain_signature() {
  using Fault = Signature::Fault;
  static constexpr Text unread = Text{} << "here: " << O::signature.unread;
  static_assert(is_free_of<O, Fault::no_arrow, unread>,
                "signature: no ->; it reads inputs -> outputs, or inputs -> outputs | saved");
  static_assert(is_free_of<O, Fault::no_input, unread>, "signature: no input; at least one stands before ->");
  static_assert(is_free_of<O, Fault::no_output, unread>,
                "signature: no output; at least one stands after ->");
  static_assert(
      is_free_of<O, Fault::malformed_operand, unread>,
      "signature: an operand is malformed; it reads name(rows,columns), then :index for integers or, of an "
      "input, :zero for a derivative of zero, then * to keep it for the vjp");
  static_assert(is_free_of<O, Fault::malformed_size, unread>,
                "signature: a size is malformed; it is a word, or a number below 2^32");
  static_assert(is_free_of<O, Fault::name_twice, unread>,
                "signature: two operands have one name; each has a name of its own");
  static_assert(is_free_of<O, Fault::too_many_sizes, unread>,
                "signature: too many sizes; there is room for 8 words");
  static_assert(is_free_of<O, Fault::too_many_operands, unread>,
                "signature: too many operands; there is room for 8 inputs, 4 outputs and 4 saved matrices");
}

template <class Member, class O, Fit fault, Text wanted>
inline constexpr bool declares = fit<Member, O> != fault;

template <class O>
void explain_vjp() {
  static constexpr Text vjp = Vjp::declaration<O>;
  static_assert(declares<Vjp, O, Fit::missing, vjp>,
                "op: no vjp; an op has a public void vjp(sinks..., cotangents..., kept...) const");
  static_assert(declares<Vjp, O, Fit::not_const, vjp>,
                "op: vjp is not const; an op has no state, its signature says what is kept");
  static_assert(declares<Vjp, O, Fit::one_scalar, vjp>,
                "op: vjp takes only one of float and double; its arguments are written with auto");
  static_assert(declares<Vjp, O, Fit::wrong_count, vjp>,
                "op: vjp takes the wrong number of arguments; it takes a sink for each input that is neither "
                ":index nor "
                ":zero, the cotangent of each output, and what the signature keeps with a *");
  static_assert(
      declares<Vjp, O, Fit::mistyped, vjp>,
      "op: vjp is mistyped; it is void and takes sinks as auto&, then cotangents and what is kept as const "
      "auto&");
}

template <class O>
void explain_members() {
  static_assert(!mistypes_shape<O>,
                "op: shape is mistyped; it is a public Shape shape(Shape input...) const, with one Shape for "
                "each input");
  static_assert(
      says_all_sizes(O::signature, has_shape<O> || mistypes_shape<O>),
      "op: an output or a saved matrix has a size that no input has; a member Shape shape(Shape input...) "
      "const says that of the first output");

  static constexpr Text forward = Forward::declaration<O>;
  static_assert(declares<Forward, O, Fit::missing, forward>,
                "op: no forward; an op has a public void forward(outputs..., saved..., inputs...) const");
  static_assert(declares<Forward, O, Fit::not_const, forward>,
                "op: forward is not const; an op has no state");
  static_assert(declares<Forward, O, Fit::one_scalar, forward>,
                "op: forward takes only one of float and double; its arguments are written with auto");
  static_assert(
      declares<Forward, O, Fit::wrong_count, forward>,
      "op: forward takes the wrong number of arguments; it takes the signature's outputs, what it saves, and "
      "its inputs, after a Context& if it likes");
  static_assert(declares<Forward, O, Fit::mistyped, forward>,
                "op: forward is mistyped; it is void and takes outputs and what it saves as auto&, inputs as "
                "const auto&");

  static constexpr Text surrogate = Surrogate::declaration<O>;
  static_assert(declares<Surrogate, O, Fit::not_const, surrogate>,
                "op: surrogate is not const; an op has no state");
  static_assert(declares<Surrogate, O, Fit::one_scalar, surrogate>,
                "op: surrogate takes only one of float and double; its arguments are written with auto");
  static_assert(declares<Surrogate, O, Fit::wrong_count, surrogate>,
                "op: surrogate takes the wrong number of arguments; it takes the signature's outputs and its "
                "inputs, nothing that is saved, after a Context& if it likes");
  static_assert(declares<Surrogate, O, Fit::mistyped, surrogate>,
                "op: surrogate is mistyped; it is void and takes outputs as auto&, inputs as const auto&");

  if constexpr (Plan<O>::sinks > 0) explain_vjp<O>();
}

template <class O, class... Operands>
void explain() {
  constexpr bool has_name = HasName<O>;  // of a concept that fails Clang would say more
  constexpr bool has_signature = HasSignature<O>;
  constexpr bool is_plain = IsPlain<O>;
  constexpr bool all_on_tape = (IsOperand<Operands> && ...);
  constexpr bool one_value = (std::same_as<Operands, Value> || ...);
  static_assert(has_name, "op: no name; it has a public `static constexpr auto name`, a literal text");
  static_assert(
      has_signature,
      "op: no signature; it has a public `static constexpr td::Signature signature`, a literal text");
  static_assert(is_plain,
                "op: it holds more than plain options; it has no strings, containers or virtual functions");
  if constexpr (HasReadableSignature<O>) {
    explain_members<O>();
    static_assert(sizeof...(Operands) == Plan<O>::inputs,
                  "apply: the wrong number of operands; the op takes one for each input of its signature");
  } else if constexpr (has_signature) {
    explain_signature<O>();
  }
  static_assert(
      all_on_tape,
      "apply: an operand is no Value, Parameter, Buffer or Operand; tape.input(x) makes a Value of a matrix");
  static_assert(one_value || !all_on_tape,
                "apply: no Value among the operands; tape.parameter(p) makes one of a parameter");
}

}  // namespace detail
}  // namespace tapedeck
