#pragma once

/// @file
/// Internal: statistics of a batch that update running statistics at the optimizer's step.

#include <cstddef>
#include <vector>

#include "tapedeck/param/gradients.hpp"

namespace tapedeck::detail {

/// The statistics that the ops of one pass have recorded. Their elements lie in the pass's memory.
class TAPEDECK_API BatchStatistics {
 public:
  struct Statistic {
    Index buffer_slot;
    const void* values;
    Index size;
    double momentum;
  };

  void record(const Statistic& statistic) { all_.push_back(statistic); }
  std::vector<Statistic>& all() { return all_; }
  /// Adds them to those that wait with the gradients for the next step.
  void move_to(Gradients& gradients, Scalar scalar);

  void end() noexcept { all_.clear(); }
  /// Frees all memory.
  void clear() { std::vector<Statistic>{}.swap(all_); }

 private:
  std::vector<Statistic> all_;
};

}  // namespace tapedeck::detail
