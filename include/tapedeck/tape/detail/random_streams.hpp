#pragma once

/// @file
/// Internal: the random streams of a pass.

#include <cstdint>
#include <vector>

#include "tapedeck/core/random.hpp"

namespace tapedeck::detail {

/// Gives each use of randomness by each layer a stream of its own: key (seed, step, layer, use).
class TAPEDECK_API RandomStreams {
 public:
  /// How often a layer has asked for a stream.
  struct Use {
    std::uint64_t layer;  ///< hash of its name
    std::uint64_t count;
  };

  /// Returns the stream for the next use by a layer.
  Random next(std::uint64_t layer);

  /// The uses so far. What was copied can be restored, to draw the same streams again.
  const std::vector<Use>& uses() const { return uses_; }
  void restore(const Use* uses, std::size_t count) { uses_.assign(uses, uses + count); }
  /// Calls a function whose streams are drawn again by what follows.
  template <class F>
  void without_drawing(const F& f) {
    const std::vector<Use> before = uses_;
    f();
    uses_ = before;
  }

  void begin(std::uint64_t seed, std::uint64_t step) { random_ = Random{seed}.stream(step); }
  void end() noexcept { uses_.clear(); }
  /// Frees all memory.
  void clear() { std::vector<Use>{}.swap(uses_); }

 private:
  Random random_{0};
  std::vector<Use> uses_;
};

}  // namespace tapedeck::detail
