#pragma once

/// @file
/// How many threads work: the library's own, and OpenBLAS's.

#include "tapedeck/core/api.hpp"
#include "tapedeck/core/matrix.hpp"

namespace tapedeck {

/// Sets how many threads the library may use for one call, the caller's included; by default as many as there
/// are processors that the process may run on, counted when it is first asked. Large products, passes over
/// large matrices, optimizers' steps, the shards of a Trainer and the batches of 1024 samples of evaluate and
/// predict are spread over them, small work never is. Work is cut by its shape alone, and sums are added in a
/// fixed order, so results are the same, bit for bit, for any number, as long as the program's threads leave
/// the floating-point modes (rounding, denormal numbers) as they are.
///
/// One setting for the process; it holds from the next call on. Threads are made when they are first needed,
/// and sleep when there is nothing to do; they live as long as the process. If several threads of the program
/// call the library at once, one of them gets the others' help and the rest work alone: there are never more
/// than `count - 1` threads at work besides the program's own. A process that was forked goes on with one.
/// OptionError unless it is 1 to 4096.
TAPEDECK_API void set_threads(Index count);

/// What set_threads() set, or the default.
TAPEDECK_API Index threads();

/// OpenBLAS splits a product over its threads in a way that changes the last bits, and its threads slow small
/// products down. Making the first ParameterStore of a process therefore sets OpenBLAS to one thread and runs
/// one small product, so that its buffers exist before memory can run out. The setting is global to the
/// process: a program that wants more BLAS threads calls `keep_blas_threads()` before, and gives up equal
/// bits at any number of threads. UsageError if it comes after the first store.
TAPEDECK_API void keep_blas_threads();

/// Sets OpenBLAS up as `keep_blas_threads` tells, once in a process; every store calls it. MemoryError if the
/// address space is too small for a buffer of OpenBLAS (128 MiB), which would otherwise never return.
TAPEDECK_API void prepare_blas();

}  // namespace tapedeck
