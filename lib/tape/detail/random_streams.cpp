#include "tapedeck/tape/detail/random_streams.hpp"

namespace tapedeck::detail {

Random RandomStreams::next(std::uint64_t layer) {
  for (Use& use : uses_) {
    if (use.layer == layer) return random_.stream(layer).stream(use.count++);
  }
  uses_.push_back({layer, 1});
  return random_.stream(layer).stream(0);
}

}  // namespace tapedeck::detail
