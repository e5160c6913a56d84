#pragma once

/// @file
/// Benchmarks run with the kernels that OpenBLAS chooses on a user's machine. OPENBLAS_CORETYPE and
/// OPENBLAS_L2_SIZE in the environment change its choice, and OpenBLAS reads them before main begins.

#include <string>

namespace tapedeck::bench {

/// Removes OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE from the environment; if `coretype` is not empty, sets
/// OPENBLAS_CORETYPE to it. Where that changes anything, the program starts again from the beginning with the
/// same arguments, and this does not return. Throws std::runtime_error if it cannot start again, or if
/// OpenBLAS does not take the kernels named.
void set_blas_kernels(const std::string& coretype, char** argv);

/// The value of `--coretype NAME` or `--coretype=NAME` among the arguments; empty if there is none. Read
/// before all other options, as the program may have to start again.
std::string coretype_option(char** argv);

/// Version and kernels: "OpenBLAS 0.3.21 DYNAMIC_ARCH ..., kernels for SkylakeX (its own choice)".
std::string blas_in_use();

}  // namespace tapedeck::bench
