#pragma once

/// @file
/// Dropout (Srivastava et al., JMLR 15, 2014).

#include "tapedeck/tape/value.hpp"

namespace tapedeck {

/// In train mode y = m (.) x, where each element of m is 0 with the given probability and 1 / (1 -
/// probability) otherwise; dx = m (.) dy. In evaluate mode x itself. What is dropped is 0 even where x is Inf
/// or NaN.
///
/// The mask depends on the store's seed, the layer at work, how often it was used on this tape, the step, and
/// each element's row and column in the whole batch (TapeOptions::first_column); on nothing else. OptionError
/// unless 0 <= probability < 1.
TAPEDECK_API Value dropout(const Value& x, double probability);

/// Throws the OptionError of `dropout`, before there is anything to drop.
TAPEDECK_API void require_dropout_probability(double probability);

}  // namespace tapedeck
