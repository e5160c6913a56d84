#pragma once

/// @file
/// What PyTorch gave: see tests/references/ops/make_op_references.py.

#include <string>
#include <variant>
#include <vector>

#include "tapedeck/core/matrix.hpp"

namespace test {

struct Reference {
  std::string name;
  bool elementwise;  ///< compared element by element, since the magnitudes differ
  std::vector<std::variant<tapedeck::Matrix<double>, tapedeck::IndexMatrix>> inputs;
  tapedeck::Matrix<double> output;
  tapedeck::Matrix<double> cotangent;
  std::vector<tapedeck::Matrix<double>> gradients;  ///< empty for inputs that have none
};

/// The cases of tests/references/ops/<header>.json.
std::vector<Reference> references(const std::string& header);

/// The largest difference, relative to the largest number that was wanted (or to each). NaN and infinities
/// must be the same; Inf if they are not, or if the shapes differ.
double difference(const tapedeck::Matrix<double>& got, const tapedeck::Matrix<double>& wanted,
                  bool elementwise = false);

}  // namespace test
