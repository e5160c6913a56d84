#include "train/data_check.hpp"

#include <string>
#include <variant>
#include <vector>

#include "tapedeck/core/error.hpp"
#include "train/shards.hpp"

namespace tapedeck {

void DataCheck::ends_and_labels(const Dataset& data, const BatchOptions& cut,
                                std::optional<Index> shard_size) {
  const Batches all = batches(data, cut);
  const auto record_shards = [&](const Batch& batch) {
    const Shards shards(batch, shard_size);
    for (Index k = 0; k < shards.count(); ++k) record(shards[k]);
  };
  try {
    record_shards(all[0]);
    if (all.size() > 1) record_shards(all[all.size() - 1]);
  } catch (const LabelError&) {
    greatest_label(data);
    throw;
  }
  greatest_label(data);
}

void DataCheck::greatest_label(const Dataset& data) {
  const auto* labels = std::get_if<IndexMatrix>(&data.y());
  if (labels == nullptr) return;
  const Index greatest = labels->index_max();
  const auto named = [&](Index sample) {
    return "label " + std::to_string((*labels)[greatest]) + " of sample " + std::to_string(sample);
  };
  const std::vector<Index> twice(2, greatest);  // batch statistics need two samples
  const Dataset worst = data.subset(twice);
  try {
    record(worst.all());
  } catch (const LabelError& error) {
    if (error.given() != named(0)) throw;
    throw LabelError(
        {.who = error.who(), .given = named(greatest), .wanted = error.wanted(), .hint = error.hint()});
  }
}

void DataCheck::record(const Batch& batch) {
  memories_.grow(1);
  const Objective::Call call(objective_);
  Tape tape(objective_.store(), memories_[0], {.mode = mode_, .step = 0});
  objective_.record(tape, batch);
}

}  // namespace tapedeck
