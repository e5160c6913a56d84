#pragma once

/// @file
/// Internal: puts data on a pass.

#include "tapedeck/core/columns.hpp"
#include "tapedeck/tape/detail/pass.hpp"

namespace tapedeck::detail {

enum class Copy : std::uint8_t { always, if_needed };

/// Appends columns as an input of the pass, converted to its scalar: gathered into a copy, or borrowed where
/// nothing has to be converted or reordered and `copy` allows it. A variable's cotangent is wanted in train
/// mode. ScalarError for a variable of indices, UsageError while the pass replays.
TAPEDECK_API std::uint32_t append_input(Pass& pass, const Columns& columns, Copy copy, bool variable);

}  // namespace tapedeck::detail
