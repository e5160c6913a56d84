#pragma once

/// @file
/// Whether the gradients of a layer, an op, a loss or a whole model are right.
///
///     td::ParameterStore store;
///     const td::Linear layer{store.scope("fc"), 5, 3};
///     const td::GradientReport report = td::check_gradient(store, layer, {td::Shape{5, 4}});
///     if (!report.passed()) log(report.describe());
///
/// In a test it takes one line, and a failure shows the whole report:
///
///     const auto report = td::check_gradient(store, layer, {td::Shape{5, 4}});
///     BOOST_TEST(report.passed(), report);                       // Boost.Test
///     EXPECT_TRUE(report.passed()) << report;                    // GoogleTest
///     if (!report.passed()) throw std::runtime_error(report.describe());
///
/// Choose samples that are not square, so that a transposed product shows, of order one, and away from kinks.

#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "tapedeck/check/check_input.hpp"
#include "tapedeck/check/gradient_report.hpp"
#include "tapedeck/core/error.hpp"
#include "tapedeck/core/matrix.hpp"
#include "tapedeck/param/parameter_store.hpp"
#include "tapedeck/tape/detail/values_taken.hpp"
#include "tapedeck/tape/detail/with_indices.hpp"
#include "tapedeck/tape/op.hpp"
#include "tapedeck/tape/tape.hpp"
#include "tapedeck/tape/value.hpp"

namespace tapedeck {

/// How strictly, where and what is checked.
struct GradientCheckOptions {
  /// The largest error that passes, relative to the largest derivative of the same input or parameter; above
  /// 0 and below 1.
  double tolerance = 1e-8;
  /// The first step of the differences, which are extrapolated from step, step / 2 and step / 4, and compared
  /// with those of half the step; above 0 and below 1. Where these disagree, as they do beside a kink,
  /// smaller ones are taken.
  double step = 1e-2;
  /// Of the cotangent, of inputs that are drawn, and of the step that the tapes are told: random layers draw
  /// the same masks in every evaluation.
  std::uint64_t seed = 1;
  /// Check again with the first column of every input. If the forward refuses it with an Error (but a
  /// ContractError), as batch normalisation does, that is a note in the report. Switch it off for inputs that
  /// are no batches.
  bool batch_of_one = true;
  /// Check parameters whose elements are all alike, such as gains of one and biases of zero, at numbers up to
  /// a half beside. Where a gain is one, a vjp that forgets it is right; where every bias is zero, units that
  /// get no signal lie on their kink.
  bool unsettle = true;
  /// Check that float gives the gradient that double does, within a thousandth of the largest derivative:
  /// constants that vanish or overflow in float show.
  bool also_in_float = true;
  /// Parameters at or under this name are checked; by default all of the store that are not frozen.
  std::string under = {};
};

/// A function of the inputs on a tape, with one output or several.
using CheckedFunction = std::function<std::vector<Value>(Tape& tape, const std::vector<Value>& inputs)>;

namespace detail {

TAPEDECK_API GradientReport check_gradient(ParameterStore& store, const CheckedFunction& function,
                                           const std::vector<CheckInput>& inputs,
                                           const GradientCheckOptions& options);
[[noreturn]] TAPEDECK_API void refuse_input_count(std::size_t given, std::size_t wanted);

template <class F>
inline constexpr bool takes_a_tape = GivesOutputs<F, Tape&, const std::vector<Value>&>;

template <class F>
CheckedFunction checked_function(const F& f) {
  constexpr std::size_t count = values_taken<F>();
  if constexpr (HasReadableSignature<F>) {
    return [f](Tape&, const std::vector<Value>& inputs) {
      constexpr std::size_t wanted = F::signature.inputs.size;
      if (inputs.size() != wanted) refuse_input_count(inputs.size(), wanted);
      std::vector<Value> outputs;
      with_indices<wanted>([&](auto... i) { append(outputs, apply(f, inputs[i]...)); });
      return outputs;
    };
  } else if constexpr (count > 0) {
    return [f](Tape&, const std::vector<Value>& inputs) {
      if (inputs.size() != count) refuse_input_count(inputs.size(), count);
      std::vector<Value> outputs;
      call(f, inputs, outputs);
      return outputs;
    };
  } else if constexpr (takes_a_tape<F>) {
    return [f](Tape& tape, const std::vector<Value>& inputs) {
      std::vector<Value> outputs;
      append(outputs, f(tape, inputs));
      return outputs;
    };
  } else {
    static_assert(takes_a_tape<F>,
                  "check_gradient: the function takes one to four Values, or (Tape&, const "
                  "std::vector<Value>&), and gives a Value, or an array or vector of them");
  }
}

}  // namespace detail

/// Checks every derivative of a function with respect to its inputs and to the parameters of the store that
/// it uses.
///
/// `function` is a layer or an op, or anything copyable that takes one to four Values, or (Tape&, const
/// std::vector<Value>&), and gives a Value, or an array or vector of them. It runs in train mode on a copy of
/// the store in double; neither the store's numbers nor its gradients change. With random normal cotangents v
/// of the outputs y, the check demands that
///   - the vjp gives, for every element, what three-level Richardson differences of <v, y> give,
///   - <Ju, v> = <u, J'v> for random directions u through all inputs and parameters,
///   - the forward sets every element of its outputs and of what it saves,
///   - every parameter is used, and no input or parameter is vacuous: some record that uses it depends on it
///     and receives a cotangent that is not zero. If its derivatives still vanish, as those of a bias before
///     a normalisation do since terms cancel, that is a note in the report,
///   - gradients that are there already are added to; two uses on one tape add up; playing back can be
///     repeated, and gives the same where only one of the cotangents is wanted,
///   - other forwards and backwards in between, on this and on another tape, change nothing,
///   - all that holds for a batch of one,
///   - float gives the same gradient, roughly.
///
/// An op with a member `surrogate` s (see op.hpp) declares that its vjp is the derivative of s. In the
/// differences, each of its outputs is y0 + s(x) - s(x0), where y0 is what its forward gives at the samples
/// and s(x0) what s gives there; so everything downstream has the values of the forward, and the derivatives
/// of s.
///
/// Where the three differences contradict each other, a kink lies between the points (or the function bends
/// sharply): smaller steps are taken until they agree, which is counted as `refined`, and the vjp is held to
/// what they agree on. If the slopes to both sides of the sample itself differ, that is found as a kink.
/// What the vjp gives has no part in these decisions.
///
/// Errors of the function's forward pass through; errors of its vjp are findings. Throws
///   - OptionError for options out of range, a wrong number of inputs, inputs that have no common batch while
///     a batch of one is asked for, a function that gives no Value, and if there is nothing to differentiate,
///   - ShapeError for an input without elements, NonFiniteError for NaN or Inf in a sample or parameter,
///   - NameError if no parameter is at or under `under`,
///   - HandleError for a function that gives a Value of another tape, or an empty one.
template <class F>
GradientReport check_gradient(ParameterStore& store, const F& function, const std::vector<CheckInput>& inputs,
                              const GradientCheckOptions& options = {}) {
  return detail::check_gradient(store, detail::checked_function(function), inputs, options);
}

/// The same for a function without parameters.
template <class F>
GradientReport check_gradient(const F& function, const std::vector<CheckInput>& inputs,
                              const GradientCheckOptions& options = {}) {
  ParameterStore store;
  return detail::check_gradient(store, detail::checked_function(function), inputs, options);
}

}  // namespace tapedeck
