#pragma once

#include <string>
#include <vector>

#include "tapedeck/check/gradient_report.hpp"
#include "tapedeck/core/matrix.hpp"

namespace tapedeck::detail {

/// A matrix that a wrong derivative may have been made of, and what it is called.
struct Known {
  std::string name;
  Matrix<double> values;
};

/// A derivative that is wrong, and what is known besides.
struct Evidence {
  const Matrix<double>& analytic;
  const Matrix<double>& numeric;
  double allowed;                 ///< how far the numeric derivative may be off
  Index batch = 0;                ///< how many samples there are, or 0 where that makes no sense
  bool column_is_sample = false;  ///< of the derivative: it is that of an input which has one for each
  std::vector<Known> factors;     ///< what the function was given and gave: inputs, parameters, outputs
  std::vector<Known> cotangents;  ///< of the outputs
};

struct Diagnosis {
  Cause cause = Cause::unknown;
  std::string words;  ///< what the cause's name does not say, or empty: "they are 1/4 of the right ones, ..."
};

/// What the figures tell about the mistake. The explanations are tried from the most specific to the most
/// general one, and one is given only if it fits all elements to what is allowed, and if there are more
/// elements than it has unknowns. An error of less than 30 times what is allowed fits anything, so nothing is
/// said about it.
TAPEDECK_API Diagnosis diagnose(const Evidence& evidence);

}  // namespace tapedeck::detail
