#pragma once

/// @file
/// The gradient of a batch.

#include <cstdint>
#include <deque>
#include <vector>

#include "tapedeck/data/dataset.hpp"
#include "tapedeck/param/gradients.hpp"
#include "tapedeck/train/trainer.hpp"
#include "train/memories.hpp"
#include "train/objective.hpp"
#include "train/shards.hpp"

namespace tapedeck {

/// A step of the optimizer, counted from 0; errors count from 1.
struct StepNumber {
  Index epoch;
  Index step;  ///< in the epoch
};

/// A batch as part of a step.
struct StepBatch {
  Batch batch;
  Index position;      ///< of its first sample in the order of the epoch
  Index samples;       ///< in all batches of the step
  std::uint64_t pass;  ///< keys the random streams
  StepNumber number;   ///< of the step
};

/// Makes a batch's gradient: cuts the batch into shards, records each on a tape of its own, plays the tapes
/// back on the library's threads, and adds the gradients of the shards in their order.
///
/// The loss of a step is the sum over its shards k of d(n_k) l_k, divided by d(n), where l_k is the shard's
/// own loss, d the loss's divisor, n_k the shard's size, and n that of the step. So the cotangent of l_k is
/// d(n_k) / d(n).
class BatchGradient {
 public:
  /// Both must outlive it.
  BatchGradient(const Objective& objective, Memories& memories)
      : objective_(objective), memories_(memories) {}

  /// Adds the batch's part of the gradient of the step's loss, and its running statistics, to the store's
  /// gradients. Returns the batch's sum over its shards of d(n_k) l_k. NonFiniteError, see Trainer::fit, if
  /// the loss or gradient is not finite.
  double add(const StepBatch& part, const FitOptions& options);

  /// Throws NonFiniteError if the store's gradients hold NaN or Inf, which callbacks have left there.
  void require_finite(const StepNumber& number) const;

 private:
  double play(const StepBatch& part, const Shards& shards, Index k, Gradients& gradients);
  Index bad_shard(const StepBatch& part, const Shards& shards);
  [[noreturn]] void explain(const StepBatch& part, const Shards& shards, const FitOptions& options);

  const Objective& objective_;
  Memories& memories_;               // one for each shard
  std::deque<Gradients> gradients_;  // one for each shard but the first, which adds to the store's
  std::vector<double> losses_;       // of shards
};

}  // namespace tapedeck
