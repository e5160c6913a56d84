#pragma once

/// @file
/// Where the program writes, and how it learns that it is to stop.

#include <atomic>
#include <iosfwd>
#include <stdexcept>

namespace tapedeck::cli {

struct Console {
  std::ostream& out;               ///< results, and nothing else
  std::ostream& err;               ///< progress and complaints
  const std::atomic<int>& signal;  ///< the number of the one that asks for an end: Ctrl-C's, or SIGTERM; or 0
};

/// Training was interrupted; what it says tells how to go on.
struct Interrupted : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace tapedeck::cli
