// The Trainer's part that makes gradients: a batch in shards, each on a tape of its own.

#include "train/shards.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "tapedeck/core/error.hpp"
#include "tapedeck/core/parallel.hpp"
#include "tapedeck/tape/black_box.hpp"

namespace tapedeck {

void Trainer::make_memories(Index count) {
  while (memories_.size() < count) memories_.emplace_back();
}

// Each shard's gradient is that of its own mean loss, times its part of the step's samples; they are added in
// the order of shards, and so are statistics.
double Trainer::add_gradient(const Shards& shards, double samples, const FitOptions& options, Where where) {
  const Index count = shards.count();
  make_memories(count);
  while (gradients_.size() + 1 < count) gradients_.emplace_back(store_);
  if (losses_.size() < count) losses_.resize(count);
  const auto part_of_step = [&](const Batch& shard) { return static_cast<double>(shard.size()) / samples; };

  parallel(count, [&](Index k) {
    Gradients& gradients = k == 0 ? store_.gradients() : gradients_[k - 1];
    if (k > 0) gradients.zero();
    const Batch shard = shards[k];
    Tape tape(store_, memories_[k], {.mode = train, .step = passes_, .first_column = shards.first(k)});
    const Value loss = loss_on(tape, shard);
    losses_[k] = loss.item();
    if (!std::isfinite(losses_[k])) return;
    with_scalar(store_.scalar(), [&]<class T>(T) {
      const Matrix<T> cotangent(1, 1, arma::fill::value(static_cast<T>(part_of_step(shard))));
      tape.backward({loss, cotangent}, gradients);
    });
    if (!gradients.all_finite()) losses_[k] = std::numeric_limits<double>::quiet_NaN();
  });

  double loss = 0;
  for (Index k = 0; k < count; ++k) {
    if (!std::isfinite(losses_[k])) explain(shards, k, options, where);
    loss += losses_[k] * part_of_step(shards[k]);
  }
  for (Index k = 1; k < count; ++k) store_.gradients() += gradients_[k - 1];
  if (count > 1 && !store_.gradients().all_finite()) explain(shards, count - 1, options, where);
  ++passes_;
  return loss;
}

// Repeats the pass that went wrong, with the same random numbers, on a tape that checks every record.
void Trainer::explain(const Shards& shards, Index k, const FitOptions& options, Where where) {
  store_.zero_grad();
  std::string who =
      "training, epoch " + std::to_string(where.epoch + 1) + ", step " + std::to_string(where.step + 1);
  if (shards.count() > 1) {
    who += ", shard " + std::to_string(k + 1) + " of " + std::to_string(shards.count());
  }
  std::string first = "a loss or gradient that is not finite";
  std::string hint = "parameters and statistics are those of the last good step";
  Gradients gradients(store_);
  Tape tape(store_, memories_[k],
            {.mode = train, .check_finite = true, .step = passes_, .first_column = shards.first(k)});
  try {
    tape.backward(loss_on(tape, shards[k]), gradients);
  } catch (const NonFiniteError& error) {
    first = error.what();
  }
  if (options.black_box) {
    try {
      BlackBox(tape).write(*options.black_box);
      hint += "; the pass is in " + *options.black_box;
    } catch (const FileError& error) {
      hint += std::string("; the pass could not be kept: ") + error.what();
    }
  }
  throw NonFiniteError({.who = who, .given = first, .hint = hint});
}

}  // namespace tapedeck
