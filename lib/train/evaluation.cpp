#include "train/evaluation.hpp"

#include <numeric>
#include <vector>

#include "tapedeck/core/error.hpp"
#include "tapedeck/data/batches.hpp"
#include "train/data_check.hpp"
#include "train/parallel_batches.hpp"

namespace tapedeck {

double loss_of(const Dataset& data, const Objective& objective, Memories& memories) {
  const Batches all = batches(data, {.size = evaluation_batch});
  const Index workers = workers_for(all.size());
  memories.grow(workers);
  std::vector<double> sums(all.size());
  try {
    parallel_batches(all.size(), workers, [&](Index w, Index begin, Index end) {
      const Objective::Call call(objective);
      for (Index i = begin; i < end; ++i) {
        const Batch batch = all[i];
        Tape tape(objective.store(), memories[w], evaluate);
        sums[i] = objective.record(tape, batch).item() * objective.loss().divisor(batch.size());
      }
    });
  } catch (const LabelError&) {
    DataCheck(objective, memories, evaluate).greatest_label(data);
    throw;
  }
  return std::accumulate(sums.begin(), sums.end(), 0.0) / objective.loss().divisor(data.size());
}

}  // namespace tapedeck
