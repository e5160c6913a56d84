#pragma once

/// @file
/// How evaluate and predict spread batches over threads.

#include <algorithm>

#include "tapedeck/core/matrix.hpp"
#include "tapedeck/core/parallel.hpp"

namespace tapedeck {

/// How many samples are evaluated at a time.
inline constexpr Index evaluation_batch = 1024;

/// Returns how many threads there is work for.
inline Index workers_for(Index batches) { return std::min(threads(), batches); }

/// Calls f(worker, begin, end) for each worker with its range of 0, ..., batches - 1. Workers go through
/// their ranges in order, so the exception that is thrown on is that of the first batch to fail.
template <class F>
void parallel_batches(Index batches, Index workers, const F& f) {
  parallel(workers, [&](Index w) { f(w, w * batches / workers, (w + 1) * batches / workers); });
}

}  // namespace tapedeck
