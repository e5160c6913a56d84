// The Trainer's part that makes gradients: a batch in shards, each on a tape of its own.

#include "train/shards.hpp"

#include <cmath>
#include <string>

#include "tapedeck/core/error.hpp"
#include "tapedeck/core/parallel.hpp"
#include "tapedeck/tape/black_box.hpp"

namespace tapedeck {

void Trainer::make_memories(Index count) {
  while (memories_.size() < count) memories_.emplace_back();
}

// The gradient of the shard's mean loss, times the shard's part of the step's samples. Gives that loss.
double Trainer::play(const Shards& shards, Index k, double samples, Gradients& gradients) {
  const Batch shard = shards[k];
  Tape tape(store_, memories_[k], {.mode = train, .step = passes_, .first_column = shards.first(k)});
  const Value loss = loss_on(tape, shard);
  const double value = loss.item();
  if (!std::isfinite(value)) return value;
  const double part = static_cast<double>(shard.size()) / samples;
  with_scalar(store_.scalar(), [&]<class T>(T) {
    const Matrix<T> cotangent(1, 1, arma::fill::value(static_cast<T>(part)));
    tape.backward({loss, cotangent}, gradients);
  });
  return value;
}

// Gradients and statistics are added in the order of shards.
double Trainer::add_gradient(const Shards& shards, double samples, const FitOptions& options, Where where) {
  const Index count = shards.count();
  make_memories(count);
  while (gradients_.size() + 1 < count) gradients_.emplace_back(store_);
  if (losses_.size() < count) losses_.resize(count);
  parallel(count, [&](Index k) {
    if (k > 0) gradients_[k - 1].zero();
    losses_[k] = play(shards, k, samples, k > 0 ? gradients_[k - 1] : store_.gradients());
  });

  double loss = 0;
  for (Index k = 0; k < count; ++k) {
    loss += losses_[k] * (static_cast<double>(shards[k].size()) / samples);
    if (k > 0) store_.gradients() += gradients_[k - 1];
  }
  if (!std::isfinite(loss) || !store_.gradients().all_finite()) explain(shards, samples, options, where);
  ++passes_;
  return loss;
}

// The first shard that went bad by itself, looked for with the same random numbers; the last one if only the
// sum is not finite.
Index Trainer::bad_shard(const Shards& shards, double samples) {
  Gradients gradients(store_);
  for (Index k = 0; k + 1 < shards.count(); ++k) {
    gradients.zero();
    if (!std::isfinite(play(shards, k, samples, gradients)) || !gradients.all_finite()) return k;
  }
  return shards.count() - 1;
}

// Repeats the pass that went wrong on a tape that checks every record.
void Trainer::explain(const Shards& shards, double samples, const FitOptions& options, Where where) {
  store_.zero_grad();
  const Index k = bad_shard(shards, samples);
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
