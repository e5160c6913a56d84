#pragma once

/// @file
/// How many threads OpenBLAS uses: one, unless the program objects.

#include "tapedeck/core/api.hpp"

namespace tapedeck {

/// OpenBLAS splits a product over its threads in a way that changes the last bits, and its threads slow small
/// products down. Making the first ParameterStore of a process therefore sets OpenBLAS to one thread and runs
/// one small product, so that its buffers exist before memory can run out. The setting is global to the
/// process: a program that wants more BLAS threads calls `keep_blas_threads()` before, and gives up equal
/// bits at any number of threads. UsageError if it comes after the first store.
TAPEDECK_API void keep_blas_threads();

/// Sets OpenBLAS up as `keep_blas_threads` tells, once in a process; every store calls it.
TAPEDECK_API void prepare_blas();

}  // namespace tapedeck
