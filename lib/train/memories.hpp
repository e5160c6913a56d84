#pragma once

/// @file
/// The memory of passes that run at once.

#include <deque>

#include "tapedeck/tape/memory.hpp"

namespace tapedeck {

/// A Memory for each shard of a batch, or for each thread that evaluates.
class Memories {
 public:
  /// Makes more until there are `count`. The others stay where they are.
  void grow(Index count) {
    while (all_.size() < count) all_.emplace_back();
  }
  Memory& operator[](Index number) { return all_[number]; }

 private:
  std::deque<Memory> all_;
};

}  // namespace tapedeck
