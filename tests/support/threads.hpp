#pragma once

#include "tapedeck/core/threads.hpp"

namespace test {

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
