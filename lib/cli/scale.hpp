#pragma once

/// @file
/// The units of the data and those that the network is trained in.

#include <vector>

#include "cli/table.hpp"
#include "tapedeck/state/state_visitor.hpp"

namespace tapedeck::cli {

/// Mean and deviation of each input and, for a regression, of each target. All are empty with
/// --no-standardize. Inputs that stand for a category stay 0 or 1: their mean is 0 and their deviation 1.
struct Scale {
  std::vector<double> mean;
  std::vector<double> deviation;
  std::vector<double> target_mean;
  std::vector<double> target_deviation;

  /// Takes them from training data, as Table has them.
  void fit(const Dataset& training, const arma::vec& origin, const TableColumns& columns);
  /// Returns the data in the network's units, in float: x is (x + origin - mean) / deviation, in the memory
  /// of the x given; y is (y - target_mean) / target_deviation, or labels as they are.
  Dataset standardized(Dataset data, const arma::vec& origin) const;
  /// Returns outputs of the network in the units of the targets, in double: targets may be far from 0.
  Matrix<double> in_target_units(const Matrix<float>& outputs) const;

  void visit_state(StateVisitor& visitor);
};

}  // namespace tapedeck::cli
