#pragma once

#include <mutex>

namespace tapedeck::detail {

/// The library's process-wide locks, in the order in which one thread may take several of them.
enum class Lock {
  blas,     ///< OpenBLAS is set up
  sealing,  ///< a store lays out its memory
  passes,   ///< the list of passes is changed
  threads,  ///< the thread pool is made
  count
};

/// Returns one of them. fork() waits until no other thread holds one, so that the child finds all of them
/// unlocked.
std::recursive_mutex& lock(Lock which);

}  // namespace tapedeck::detail
