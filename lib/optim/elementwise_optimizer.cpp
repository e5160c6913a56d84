#include "tapedeck/optim/elementwise_optimizer.hpp"

#include "tapedeck/core/parallel.hpp"

namespace tapedeck {

// Neighbours in memory that are to be updated alike are one run.
void ElementwiseOptimizer::update_all(std::span<const ParameterStep* const> moved) {
  for (auto first = moved.begin(); first != moved.end();) {
    const ParameterStep& p = **first;
    Run run{.offset = p.offset_,
            .length = p.length_,
            .step = p.steps_,
            .learning_rate = p.learning_rate(),
            .penalty = p.penalty(),
            .shrinkage = p.shrinkage()};
    const auto continues = [&](const ParameterStep& next) {
      return next.offset_ == run.offset + run.length && next.steps_ == run.step &&
             next.learning_rate() == run.learning_rate && next.penalty() == run.penalty &&
             next.shrinkage() == run.shrinkage;
    };
    while (++first != moved.end() && continues(**first)) run.length += (*first)->length_;
    parallel_ranges(run.length, longest_run, [&](Index begin, Index end) {
      Run piece = run;
      piece.offset += begin;
      piece.length = end - begin;
      update(piece);
    });
  }
}

}  // namespace tapedeck
