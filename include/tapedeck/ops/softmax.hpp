#pragma once

/// @file
/// Softmax over the features of each sample. For a loss use cross_entropy, which takes logits.

#include "tapedeck/tape/value.hpp"

namespace tapedeck {

/// y = exp(x) / sum(exp(x)) in every column, shifted by the column's maximum so that nothing overflows.
/// dx = y (.) (dy - sum(dy (.) y)).
TAPEDECK_API Value softmax(const Value& x);

/// y = x - log(sum(exp(x))) in every column. dx = dy - exp(y) sum(dy).
TAPEDECK_API Value log_softmax(const Value& x);

}  // namespace tapedeck
