#pragma once

/// @file
/// How a batch is cut into shards.

#include <optional>
#include <string>

#include "tapedeck/data/dataset.hpp"

namespace tapedeck {

/// A batch of n samples in ceil(n / most) shards, whose sizes differ by 1 at most: the last of equal ones
/// could be a single sample, which has no variance. Without `most` it is one shard. Its size alone decides.
class Shards {
 public:
  /// `position` is that of the batch's first sample in the order of the epoch, for `non_finite`.
  Shards(const Batch& batch, std::optional<Index> most, Index position = 0)
      : batch_(batch), count_(most ? (batch.size() - 1) / *most + 1 : 1), position_(position) {}

  Index count() const { return count_; }
  /// Where a shard begins in the batch.
  Index first(Index shard) const { return shard * batch_.size() / count_; }
  Batch operator[](Index shard) const { return batch_.part(first(shard), first(shard + 1) - first(shard)); }
  /// Returns the first NaN or Inf among a shard's features and targets, by its sample's number in the data:
  /// "feature 1 of sample 13 is nan as float". None if they are finite.
  std::optional<std::string> non_finite(Index shard) const;

 private:
  Batch batch_;
  Index count_;
  Index position_;
};

}  // namespace tapedeck
