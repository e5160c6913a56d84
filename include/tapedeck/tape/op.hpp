#pragma once

/// @file
/// How an op gets onto a tape: `apply`.
///
/// An op is a small value with
///   - `static constexpr auto name`: what records and errors call it,
///   - `static constexpr Signature signature`: see there,
///   - `forward(outputs..., saved..., inputs...) const`, which sets every element of its outputs and of what
///     it saves,
///   - `vjp(sinks..., output cotangents..., kept...) const`: a Sink for each input that is neither `:index`
///     nor `:zero`; then the outputs' cotangents; then what is kept, in the order of the signature: inputs
///     with a `*`, outputs with a `*`, what the forward saved. An op without such inputs has no vjp.
///
/// Both bodies are written with `auto`: they see Armadillo matrices of float or of double. Members are the
/// op's options; it has no state. If the signature cannot say the shape of the (first) output, a member
/// `Shape shape(Shape input...) const` does. A `forward` that asks for the mode, draws random numbers or
/// keeps statistics takes a `Context&` as its first argument. For tables of a tape, a member `double
/// flops(Shape input...) const` may say what the forward costs.
///
/// Where the vjp is not the derivative of the forward on purpose, a member
/// `surrogate(outputs..., inputs...) const` is the function whose derivative it is. It sets its outputs as a
/// forward does, has nothing saved to set, and may take a `Context&` first, which gives it the random numbers
/// that the forward is given. Only the gradient checker calls it, and compares the vjp with it:
///
///     struct SignOp {                                  // straight through: backwards as if y = x
///       static constexpr auto name = "sign";
///       static constexpr td::Signature signature = "x(f,b) -> y(f,b)";
///       void forward(auto& y, const auto& x) const { y = arma::sign(x); }
///       void surrogate(auto& y, const auto& x) const { y = x; }
///       void vjp(auto& dx, const auto& dy) const { dx += dy; }
///     };
///
/// A second pass allocates nothing as long as the bodies do not. Armadillo evaluates these without
/// temporaries: sums, differences, products and functions element by element (`a % b + arma::exp(c)`),
/// products of matrices and their transposes, `arma::sum(a % b, 1)`, `arma::diagmat(s.col(0)) * x`. Others
/// make a temporary, such as `x.each_col() % s`; a loop, or `map`, does without. Never keep an expression
/// under `auto`, as it refers to temporaries that end with its line: write `const auto g = (s % dy).eval();`.
///
/// C++ leaves open in which order arguments are evaluated, so of `apply(op, f(x), g(x))` either f or g may be
/// recorded first; where that matters, as for masks that one layer draws twice, name them on lines of their
/// own.

#include <array>
#include <cstddef>
#include <cstdint>

#include "tapedeck/tape/context.hpp"
#include "tapedeck/tape/detail/op_contract.hpp"
#include "tapedeck/tape/detail/op_errors.hpp"
#include "tapedeck/tape/detail/op_record.hpp"
#include "tapedeck/tape/detail/pass.hpp"
#include "tapedeck/tape/operand.hpp"
#include "tapedeck/tape/sink.hpp"

namespace tapedeck {

/// Applies an op to Values, Parameters, Buffers and Operands and records it. At least one is a Value: it
/// brings the tape (`tape.parameter(p)` makes one of a parameter). Gives a Value, or an array of them if the
/// signature has several outputs.
///
/// Throws ShapeError and ScalarError naming the operand, HandleError for stale or foreign operands,
/// NonFiniteError on a tape that checks, and whatever the op's forward throws.
template <class O, class... Operands>
typename detail::Result<O>::Type apply(const O& op, const Operands&... operands) {
  if constexpr (!detail::CanApply<O, Operands...>) {
    detail::explain<O, Operands...>();
    return {};
  } else {
    detail::Pass* pass = nullptr;
    ((pass = pass != nullptr ? pass : detail::pass_brought_by(operands)), ...);
    const detail::Inputs<O> entries{detail::entry_on(*pass, operands)...};
    const std::uint32_t first = pass->scalar() == Scalar::f32 ? detail::record<O, float>(*pass, op, entries)
                                                              : detail::record<O, double>(*pass, op, entries);
    if constexpr (O::signature.outputs.size == 1) {
      return pass->value(first);
    } else {
      typename detail::Result<O>::Type outputs;
      for (std::uint32_t j = 0; j < outputs.size(); ++j) outputs[j] = pass->value(first + j);
      return outputs;
    }
  }
}

}  // namespace tapedeck
