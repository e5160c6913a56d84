#pragma once

/// @file
/// How evaluate and predict spread batches over threads.

#include <algorithm>

#include "tapedeck/core/parallel.hpp"

namespace tapedeck {

/// How many samples are evaluated at a time.
inline constexpr Index evaluation_batch = 1024;

/// How many threads there is work for.
inline Index workers_for(Index batches) { return std::min(threads(), batches); }

/// Calls f(worker, begin, end) for each worker, whose stretch of 0, ..., batches - 1 this is. Workers go
/// through their stretches in order, so the exception that is thrown on is that of the first batch to fail.
template <class F>
void parallel_stretches(Index batches, Index workers, const F& f) {
  parallel(workers, [&](Index w) { f(w, w * batches / workers, (w + 1) * batches / workers); });
}

}  // namespace tapedeck
