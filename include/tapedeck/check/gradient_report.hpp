#pragma once

/// @file
/// What a gradient check finds, and how it tells.

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "tapedeck/core/matrix.hpp"

namespace tapedeck {

/// What can be wrong.
enum class Fault : std::uint8_t {
  wrong_gradient,   ///< analytic and numeric derivatives differ
  broken_vjp,       ///< playing back threw an error
  untouched,        ///< a parameter that the pass never used
  vacuous,          ///< nothing passes through what uses an input or parameter, so that nothing was checked
  not_finite,       ///< the function gives NaN or Inf at the samples, or a forward leaves elements unset
  kink,             ///< slopes from the left and from the right differ at the sample: there is no derivative
  not_repeatable,   ///< the same samples gave another result the second time
  not_accumulated,  ///< a gradient that was there already, or that of a second use, was lost or changed
  state_kept,       ///< another forward before the backward changed the gradient
  wrong_in_float,   ///< right in double, but float throws, is not finite or gives another gradient
};

/// The word for a fault, such as "wrong gradient".
TAPEDECK_API const char* name_of(Fault fault);

/// What a wrong gradient looks like, where its figures tell: a guess at the mistake.
enum class Cause : std::uint8_t {
  unknown,       ///< the figures fit none of the others
  sign_flipped,  ///< minus the derivative
  transposed,    ///< the derivative's elements, rows and columns swapped; or a factor that is not transposed
  scaled_by_batch,  ///< multiplied or divided by the number of samples: a mean where a sum is due, or the
                    ///< reverse
  scaled,           ///< multiplied by another constant
  missing_factor,   ///< right once multiplied by an input, a parameter or an output, or divided by it
  missing_term,     ///< something is not added: nothing at all, or a term that is told
  other_axis,       ///< summed over rows where columns are due, or the reverse
  mask_redrawn,     ///< elements are right, or zero where they should not be, or the reverse
  one_sample_only,  ///< right for a single sample, or for one column of a batch, and wrong for the others
};

/// The words for a cause, such as "sign flipped".
TAPEDECK_API const char* name_of(Cause cause);

/// One thing that is wrong, in words, with its place and figures.
struct Finding {
  Fault fault;                   ///< what is wrong
  Cause cause = Cause::unknown;  ///< a guess at why; known of Fault::wrong_gradient alone
  std::string text;              ///< for people: the place, the figures, and what the cause suggests
};

/// What a check found.
struct TAPEDECK_API GradientReport {
  /// The element with the largest error.
  struct Element {
    std::string place;          ///< "scale.gain(2,0)", or "input 1 (0,3)"
    double analytic = 0;        ///< the derivative that the vjp gave
    double numeric = 0;         ///< the derivative that differences gave
    double relative_error = 0;  ///< relative to the largest derivative of the same matrix
  };
  Element worst;       ///< of all that were compared; without a place if nothing was
  Index compared = 0;  ///< derivatives that were compared
  Index refined = 0;   ///< those of them that took a smaller step, mostly since a kink lies beside the sample
  std::vector<Finding> findings;  ///< in the order they were found; empty if all is right
  /// What is no fault but good to know: derivatives that are zero because terms cancel, checks that were left
  /// out.
  std::vector<std::string> notes;

  /// Whether there is no finding.
  bool passed() const { return findings.empty(); }
  /// Whether some finding has this fault.
  bool found(Fault fault) const;
  /// Whether some finding has this cause.
  bool found(Cause cause) const;
  /// The verdict in one line, and a line for each finding and each note; of many, the first eight.
  std::string describe() const;
};

/// Writes `describe()`.
TAPEDECK_API std::ostream& operator<<(std::ostream& out, const GradientReport& report);

}  // namespace tapedeck
