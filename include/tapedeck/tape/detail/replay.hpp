#pragma once

/// @file
/// Internal: the way back.

#include "tapedeck/tape/detail/pass.hpp"

namespace tapedeck::detail {

/// Adds the pass's seeds to the cotangents of their entries, then replays all records from the last to the
/// first. Parameters' cotangents go to `gradients`, or into their entries if it is null. UsageError for a
/// parameter or buffer that a reached record keeps and that has changed since.
TAPEDECK_API void replay_from_seeds(Pass& pass, Gradients* gradients);

/// Replays the records of the list only. `timed` adds the times to those of the records.
void replay_records(Pass& pass, bool timed);

}  // namespace tapedeck::detail
