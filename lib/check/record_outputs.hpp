#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "check/subject.hpp"

namespace tapedeck::detail {

/// An output of a record at the samples, with its cotangent.
struct RecordOutput {
  std::string name;  ///< of the record: "fc_1 (affine)"
  std::size_t record;
  std::uint32_t number;               ///< which of the record's outputs
  std::vector<std::uint32_t> inputs;  ///< the entries that the record uses
  Matrix<double> values;
  Matrix<double> cotangent;
};

/// Returns those of all records whose cotangent is wanted, also inside recompute, for the given cotangents of
/// the function's outputs. Throws what the vjps throw.
std::vector<RecordOutput> record_outputs(const Subject& subject, const Matrices& cotangents, Memory& memory);

/// Returns a bound of the rounding error of <v, y> for the function's outputs y and their cotangents v, 16
/// epsilon times the sum of |c| |h| over all record outputs h and their cotangents c: each record rounds its
/// output, and passes the error on c times. Record outputs where that is not finite are left out. To be
/// divided by the step of differences, whose extrapolation multiplies the error by about 7.
double rounding(const std::vector<RecordOutput>& outputs);

/// A leaf whose derivatives all vanish.
struct VanishingLeaf {
  const Leaf& leaf;
  const Matrix<double>& direction;  ///< to move it in, of length one
  double step;                      ///< how far to move it
  double rounding;                  ///< of <cotangents, outputs>
};

/// Returns the name of a record that uses the leaf, whose output changes with it, and whose cotangent is not
/// zero: the derivatives vanish because terms cancel, as they do for a bias before a normalisation. Returns
/// an empty text if there is none: nothing about the leaf was checked.
std::string record_that_passes_on(Subject& subject, const VanishingLeaf& at,
                                  const std::vector<RecordOutput>& outputs, Memory& memory);

}  // namespace tapedeck::detail
