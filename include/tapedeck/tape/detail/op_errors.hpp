#pragma once

/// @file
/// Internal: what the compiler says about an op that breaks its contract, one sentence for each fault. They
/// stand apart from the contract, as GCC calls a constexpr function with a failed assertion another error.

#include <cstddef>
#include <string_view>

#include "tapedeck/tape/detail/op_contract.hpp"
#include "tapedeck/tape/detail/op_plan.hpp"
#include "tapedeck/tape/signature.hpp"

namespace tapedeck::detail {

// A text that GCC prints besides the sentence, as an argument of the template whose value is asserted.
struct Text {
  char characters[512] = {};

  constexpr Text& operator<<(std::string_view more) {
    const std::size_t n = std::string_view(characters).size();
    for (std::size_t i = 0; i < more.size() && n + i + 1 < sizeof(characters); ++i)
      characters[n + i] = more[i];
    return *this;
  }
};

// "void vjp(auto& dx, const auto& dy, const auto& x) const"
template <class Member, class O>
consteval Text find_declaration() {
  Text text;
  text << "void " << Member::name << "(";
  for (std::size_t i = 0; i < arguments_of<Member, O>.size; ++i) {
    const Argument& a = arguments_of<Member, O>[i];
    const bool derivative = a.role == Role::sink || a.role == Role::cotangent;
    text << (i == 0 ? "" : ", ") << (a.writable() ? "auto& " : "const auto& ") << (derivative ? "d" : "")
         << operand(O::signature, a.operand_number).name;
  }
  return text << ") const";
}
template <class Member, class O>
inline constexpr Text declaration = find_declaration<Member, O>();

template <class O>
inline constexpr Text unread = Text{} << "here: " << O::signature.unread;

template <class O, Signature::Fault fault, Text here>
inline constexpr bool is_free_of = O::signature.fault != fault;
template <class Member, class O, Fit fault, Text wanted>
inline constexpr bool declares = fit<Member, O> != fault;

template <class O>
void explain_signature() {
  using Fault = Signature::Fault;
  static constexpr Text here = unread<O>;
  static_assert(is_free_of<O, Fault::no_arrow, here>,
                "signature: no ->; it reads inputs -> outputs, or inputs -> outputs | saved");
  static_assert(is_free_of<O, Fault::no_input, here>, "signature: no input; at least one stands before ->");
  static_assert(is_free_of<O, Fault::no_output, here>, "signature: no output; at least one stands after ->");
  static_assert(
      is_free_of<O, Fault::malformed_operand, here>,
      "signature: an operand is malformed; it reads name(rows,columns), then :index for integers or, of an "
      "input, :zero for a derivative of zero, then * to keep it for the vjp");
  static_assert(is_free_of<O, Fault::malformed_size, here>,
                "signature: a size is malformed; it is a word, or a number below 2^32");
  static_assert(is_free_of<O, Fault::name_twice, here>,
                "signature: two operands have one name; each has a name of its own");
  static_assert(is_free_of<O, Fault::too_many_sizes, here>,
                "signature: too many sizes; there is room for 8 words");
  static_assert(is_free_of<O, Fault::too_many_operands, here>,
                "signature: too many operands; there is room for 8 inputs, 4 outputs and 4 saved matrices");
}

template <class O>
void explain_shape() {
  static_assert(!mistypes_shape<O>,
                "op: shape is mistyped; it is a public Shape shape(Shape input...) const, with one Shape for "
                "each input");
  static_assert(
      says_all_sizes(O::signature, has_shape<O> || mistypes_shape<O>),
      "op: an output or a saved matrix has a size that no input has; a member Shape shape(Shape input...) "
      "const says that of the first output");
}

template <class O>
void explain_forward() {
  static constexpr Text wanted = declaration<Forward, O>;
  static_assert(declares<Forward, O, Fit::missing, wanted>,
                "op: no forward; an op has a public void forward(outputs..., saved..., inputs...) const");
  static_assert(declares<Forward, O, Fit::not_const, wanted>, "op: forward is not const; an op has no state");
  static_assert(declares<Forward, O, Fit::one_scalar, wanted>,
                "op: forward takes only one of float and double; its arguments are written with auto");
  static_assert(
      declares<Forward, O, Fit::wrong_count, wanted>,
      "op: forward takes the wrong number of arguments; it takes the signature's outputs, what it saves, and "
      "its inputs, after a Context& if it likes");
  static_assert(declares<Forward, O, Fit::mistyped, wanted>,
                "op: forward is mistyped; it is void and takes outputs and what it saves as auto&, inputs as "
                "const auto&");
}

template <class O>
void explain_surrogate() {
  static constexpr Text wanted = declaration<Surrogate, O>;
  static_assert(declares<Surrogate, O, Fit::not_const, wanted>,
                "op: surrogate is not const; an op has no state");
  static_assert(declares<Surrogate, O, Fit::one_scalar, wanted>,
                "op: surrogate takes only one of float and double; its arguments are written with auto");
  static_assert(declares<Surrogate, O, Fit::wrong_count, wanted>,
                "op: surrogate takes the wrong number of arguments; it takes the signature's outputs and its "
                "inputs, nothing that is saved, after a Context& if it likes");
  static_assert(declares<Surrogate, O, Fit::mistyped, wanted>,
                "op: surrogate is mistyped; it is void and takes outputs as auto&, inputs as const auto&");
}

template <class O>
void explain_vjp() {
  static constexpr Text wanted = declaration<Vjp, O>;
  static_assert(declares<Vjp, O, Fit::missing, wanted>,
                "op: no vjp; an op has a public void vjp(sinks..., cotangents..., kept...) const");
  static_assert(declares<Vjp, O, Fit::not_const, wanted>,
                "op: vjp is not const; an op has no state, its signature says what is kept");
  static_assert(declares<Vjp, O, Fit::one_scalar, wanted>,
                "op: vjp takes only one of float and double; its arguments are written with auto");
  static_assert(declares<Vjp, O, Fit::wrong_count, wanted>,
                "op: vjp takes the wrong number of arguments; it takes a sink for each input that is neither "
                ":index nor "
                ":zero, the cotangent of each output, and what the signature keeps with a *");
  static_assert(
      declares<Vjp, O, Fit::mistyped, wanted>,
      "op: vjp is mistyped; it is void and takes sinks as auto&, then cotangents and what is kept as const "
      "auto&");
}

// Says what keeps apply(op, operands...) from compiling.
template <class O, class... Operands>
void explain() {
  constexpr bool has_name = HasName<O>;  // of a concept that fails Clang would say more
  constexpr bool has_signature = HasSignature<O>;
  constexpr bool is_plain = IsPlain<O>;
  constexpr bool on_tape = all_on_tape<Operands...>;
  constexpr bool one_value = any_value<Operands...>;
  static_assert(has_name, "op: no name; it has a public `static constexpr auto name`, a literal text");
  static_assert(
      has_signature,
      "op: no signature; it has a public `static constexpr td::Signature signature`, a literal text");
  static_assert(is_plain,
                "op: it holds more than plain options; it has no strings, containers or virtual functions");
  if constexpr (HasReadableSignature<O>) {
    explain_shape<O>();
    explain_forward<O>();
    explain_surrogate<O>();
    if constexpr (has_sinks<O>) explain_vjp<O>();
    static_assert(sizeof...(Operands) == O::signature.inputs.size,
                  "apply: the wrong number of operands; the op takes one for each input of its signature");
  } else if constexpr (has_signature) {
    explain_signature<O>();
  }
  static_assert(
      on_tape,
      "apply: an operand is no Value, Parameter, Buffer or Operand; tape.input(x) makes a Value of a matrix");
  static_assert(one_value || !on_tape,
                "apply: no Value among the operands; tape.parameter(p) makes one of a parameter");
}

}  // namespace tapedeck::detail
