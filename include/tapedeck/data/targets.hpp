#pragma once

/// @file
/// Class labels as numbers, for losses that compare numbers. OptionError if `low` or `high` is not finite.

#include "tapedeck/core/matrix.hpp"

namespace tapedeck {

/// Labels 0 and 1 (1 x samples) as the numbers `low` and `high` (1 x samples): one output per sample.
/// ShapeError if labels are not one row, LabelError if one is neither 0 nor 1.
TAPEDECK_API Matrix<double> as_targets(const IndexMatrix& labels, double low = 0, double high = 1);

/// Labels (1 x samples) as columns that are `high` in the row of the label and `low` elsewhere (classes x
/// samples). ShapeError if labels are not one row, LabelError if one is not less than `classes`;
/// ShapeError for 2^32 classes and more.
TAPEDECK_API Matrix<double> one_hot(const IndexMatrix& labels, Index classes, double low = 0,
                                    double high = 1);

}  // namespace tapedeck
