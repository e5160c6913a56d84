#pragma once

/// @file
/// The check of data before they are used.

#include <optional>

#include "tapedeck/data/batches.hpp"
#include "tapedeck/tape/mode.hpp"
#include "train/memories.hpp"
#include "train/objective.hpp"

namespace tapedeck {

/// Records passes over some of the data and plays none of them back: that changes nothing, and throws what
/// model and loss throw for the data's shapes and labels.
class DataCheck {
 public:
  /// Passes are of this mode. Objective and memories must outlive the check.
  DataCheck(const Objective& objective, Memories& memories, Mode mode)
      : objective_(objective), memories_(memories), mode_(mode) {}

  /// Records the first and the last batch, cut into shards of at most `shard_size` samples, and the greatest
  /// class label. The errors of `batches`, too.
  void ends_and_labels(const Dataset& data, const BatchOptions& cut, std::optional<Index> shard_size);
  /// Records the greatest class label: if any is refused, it is. An op names a label by its column in the
  /// batch, this function by its sample in the data. Does nothing if targets are no labels.
  void greatest_label(const Dataset& data);

 private:
  void record(const Batch& batch);

  const Objective& objective_;
  Memories& memories_;
  Mode mode_;
};

}  // namespace tapedeck
