#pragma once

/// @file
/// Whether the gradients of a layer, an op, a loss or a whole model are right.
///
///     td::ParameterStore store;
///     const td::Linear layer{store.scope("fc"), 5, 3};
///     const td::GradientReport report = td::check_gradient(store, layer, {td::Shape{5, 4}});
///     BOOST_TEST(report.passed(), report);                      // or: if (!report.passed())
///     log(report.describe());
///
/// Choose samples that are not square, so that a transposed product shows, of order one, and away from kinks.

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "tapedeck/core/error.hpp"
#include "tapedeck/core/matrix.hpp"
#include "tapedeck/param/parameter_store.hpp"
#include "tapedeck/tape/tape.hpp"
#include "tapedeck/tape/value.hpp"
#include "tapedeck/tape/values_taken.hpp"

namespace tapedeck {

/// What is put into the function under check.
class TAPEDECK_API CheckInput {
 public:
  // NOLINTBEGIN(google-explicit-constructor): a list of inputs is a list of different types
  /// Differentiated with respect to.
  CheckInput(Matrix<double> values) : what_(std::move(values)) {}
  /// The same, normal numbers that the checker draws, none within 0.1 of zero, where many functions have a
  /// kink.
  CheckInput(Shape shape) : what_(shape) {}
  /// Labels; nothing is differentiated with respect to them.
  CheckInput(IndexMatrix labels) : what_(std::move(labels)), differentiated_(false) {}
  // NOLINTEND(google-explicit-constructor)
  /// Numbers that are not differentiated with respect to.
  static CheckInput data(Matrix<double> values) {
    CheckInput input(std::move(values));
    input.differentiated_ = false;
    return input;
  }

  bool differentiated() const { return differentiated_; }
  /// The elements, drawn from the stream if only a shape was given.
  std::variant<Matrix<double>, IndexMatrix> elements(const Random& random) const;

 private:
  std::variant<Matrix<double>, IndexMatrix, Shape> what_;
  bool differentiated_ = true;
};

struct GradientCheckOptions {
  /// The largest error that passes, relative to the largest derivative of the same input or parameter.
  double tolerance = 1e-8;
  /// The first step of the differences, which are extrapolated from step, step / 2 and step / 4.
  double step = 1e-2;
  /// Of the cotangent, of inputs given by shape, and of the step that the tapes are told: random layers draw
  /// the same masks in every evaluation.
  std::uint64_t seed = 1;
  /// Check again with the first column of every input. Switch it off where that makes no sense: inputs that
  /// are no batches, or statistics of a batch.
  bool batch_of_one = true;
  /// Parameters at or under this name are checked; by default all of the store that are not frozen.
  std::string under = {};
};

/// What can be wrong.
enum class Fault : std::uint8_t {
  wrong_gradient,  ///< analytic and numeric derivatives differ
  broken_vjp,      ///< playing back threw an error
  untouched,       ///< a parameter that the pass never used
  vacuous,         ///< every derivative vanishes, so that nothing was checked
  not_finite,      ///< the function gives NaN or Inf at the samples
  kink,  ///< slopes from the left and from the right differ at the sample, so there is no derivative
  not_repeatable,   ///< the same samples gave another result the second time
  not_accumulated,  ///< a gradient that was there already, or that of a second use, was lost or changed
  state_kept,       ///< another forward before the backward changed the gradient
};

/// The word for a fault, such as "wrong gradient".
TAPEDECK_API const char* name_of(Fault fault);

/// What a wrong gradient looks like, where its figures tell: a guess at the mistake.
enum class Cause : std::uint8_t {
  unknown,
  sign_flipped,     ///< minus the derivative
  transposed,       ///< the derivative's elements, rows and columns swapped
  scaled_by_batch,  ///< multiplied or divided by the number of samples: a mean where a sum is due, or the
                    ///< reverse
  scaled,           ///< multiplied by another constant
  missing_term,     ///< something is not added: nothing at all, or a term that is told
  other_axis,       ///< summed over rows where columns are due, or the reverse
  mask_redrawn,     ///< elements are right, or zero where they should not be, or the reverse
  one_sample_only,  ///< right for a single sample, or for one column of a batch, and wrong for the others
};

/// The words for a cause, such as "sign flipped".
TAPEDECK_API const char* name_of(Cause cause);

/// One thing that is wrong, in words, with its place and figures.
struct Finding {
  Fault fault;
  Cause cause = Cause::unknown;
  std::string text;
};

/// What a check found.
struct TAPEDECK_API GradientReport {
  /// The element with the largest error.
  struct Element {
    std::string place;  ///< "scale.gain(2,0)", or "input 1 (0,3)"
    double analytic = 0;
    double numeric = 0;
    double relative_error = 0;  ///< relative to the largest derivative of the same matrix
  };
  Element worst;
  Index compared = 0;  ///< derivatives that were compared
  std::vector<Finding> findings;

  bool passed() const { return findings.empty(); }
  bool found(Fault fault) const;
  bool found(Cause cause) const;
  /// The verdict in one line, and a line for each finding.
  std::string describe() const;
};

TAPEDECK_API std::ostream& operator<<(std::ostream& out, const GradientReport& report);

/// A function of the inputs on a tape.
using CheckedFunction = std::function<Value(Tape& tape, const std::vector<Value>& inputs)>;

namespace detail {

TAPEDECK_API GradientReport check_gradient(ParameterStore& store, const CheckedFunction& function,
                                           const std::vector<CheckInput>& inputs,
                                           const GradientCheckOptions& options);
[[noreturn]] TAPEDECK_API void refuse_input_count(std::size_t given, std::size_t wanted);

template <class F>
CheckedFunction checked_function(const F& f) {
  constexpr std::size_t count = values_taken<F>();
  if constexpr (count > 0) {
    return [f](Tape&, const std::vector<Value>& inputs) {
      if (inputs.size() != count) refuse_input_count(inputs.size(), count);
      return call(f, inputs);
    };
  } else {
    static_assert(
        std::is_invocable_r_v<Value, const F&, Tape&, const std::vector<Value>&>,
        "check_gradient: the function takes one to four Values, or (Tape&, const std::vector<Value>&), "
        "and gives a Value");
    return f;
  }
}

}  // namespace detail

/// Checks every derivative of a function with respect to its inputs and to the parameters of the store that
/// it uses.
///
/// `function` is a layer, or anything copyable that takes one to four Values, or (Tape&, const
/// std::vector<Value>&), and gives a Value. It runs in train mode on a copy of the store in double; neither
/// the store's numbers nor its gradients change. With a random normal cotangent v of the output y, the check
/// demands that
///   - the vjp gives, for every element, what three-level Richardson differences of <v, y> give,
///   - <Ju, v> = <u, J'v> for a random direction u through all inputs and parameters,
///   - every parameter is used, and some derivative of each input and parameter does not vanish,
///   - gradients that are there already are added to; two uses on one tape add up; playing back can be
///   repeated,
///   - other forwards and backwards in between, on this and on another tape, change nothing,
///   - all that holds for a batch of one.
///
/// Errors of the function's forward pass through; errors of its vjp are findings. OptionError for options out
/// of range, and for inputs that have no common batch while a batch of one is asked for.
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
