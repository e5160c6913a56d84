#pragma once

/// @file
/// Who decides how many threads OpenBLAS uses.

#include "tapedeck/core/api.hpp"

namespace tapedeck {

/// OpenBLAS splits a product over its threads in a way that changes the last bits, and its threads slow small
/// products down. Making the first ParameterStore of a process therefore sets OpenBLAS to one thread and runs
/// one small product, so that its buffers exist before memory can run out. The setting is global to the
/// process: a program that wants more BLAS threads calls `keep_blas_threads()` before, and gives up equal
/// bits at any number of threads. UsageError if it comes too late.
TAPEDECK_API void keep_blas_threads();

/// Does what is described above, once; called by every store.
TAPEDECK_API void prepare_blas();

}  // namespace tapedeck
