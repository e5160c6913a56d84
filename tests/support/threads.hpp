#pragma once

#include "support/sanitizers.hpp"
#include "tapedeck/core/threads.hpp"

namespace test {

/// How often a result is computed again with other threads. A sanitizer sees a race whatever the bits are.
#ifdef TEST_SANITIZED
inline constexpr int repeated_runs = 3;
#else
inline constexpr int repeated_runs = 20;
#endif

/// Lets the library use so many threads, until the end of its scope.
class Threads {
 public:
  explicit Threads(tapedeck::Index count) : before_(tapedeck::threads()) { tapedeck::set_threads(count); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;
  ~Threads() { tapedeck::set_threads(before_); }

 private:
  tapedeck::Index before_;
};

}  // namespace test
