#include "train/batch_gradient.hpp"

#include <cmath>
#include <string>

#include "tapedeck/core/error.hpp"
#include "tapedeck/core/parallel.hpp"
#include "tapedeck/tape/black_box.hpp"

namespace tapedeck {
namespace {

constexpr const char* last_good_step = "parameters and statistics are those of the last good step";

std::string name_of_step(const StepNumber& number) {
  return "training, epoch " + std::to_string(number.epoch + 1) + ", step " + std::to_string(number.step + 1);
}

}  // namespace

double BatchGradient::add(const StepBatch& part, const FitOptions& options) {
  ParameterStore& store = objective_.store();
  const Shards shards(part.batch, options.shard_size, part.position);
  const Index count = shards.count();
  memories_.grow(count);
  while (gradients_.size() + 1 < count) gradients_.emplace_back(store);
  if (losses_.size() < count) losses_.resize(count);
  parallel(count, [&](Index k) {
    if (k > 0) gradients_[k - 1].zero();
    losses_[k] = play(part, shards, k, k > 0 ? gradients_[k - 1] : store.gradients());
  });

  double sum = 0;
  for (Index k = 0; k < count; ++k) {
    sum += losses_[k] * objective_.loss().divisor(shards[k].size());
    if (k > 0) store.gradients() += gradients_[k - 1];
  }
  if (!std::isfinite(sum) || !store.gradients().all_finite()) explain(part, shards, options);
  return sum;
}

// Adds the gradient of shard k's part of the step's loss; returns the shard's own loss.
double BatchGradient::play(const StepBatch& part, const Shards& shards, Index k, Gradients& gradients) {
  const Batch shard = shards[k];
  const Objective::Call call(objective_);
  Tape tape(objective_.store(), memories_[k],
            {.mode = train, .step = part.pass, .first_column = shards.first(k)});
  const Value loss = objective_.record(tape, shard);
  const double value = loss.item();
  if (!std::isfinite(value)) return value;
  const double weight = objective_.loss().divisor(shard.size()) / objective_.loss().divisor(part.samples);
  with_scalar(tape.scalar(), [&]<class T>(T) {
    const Matrix<T> cotangent(1, 1, arma::fill::value(static_cast<T>(weight)));
    tape.backward({loss, cotangent}, gradients);
  });
  return value;
}

// Returns the first shard whose own loss or gradient is not finite, found with the same random numbers; the
// last one if only the sum is not finite.
Index BatchGradient::bad_shard(const StepBatch& part, const Shards& shards) {
  Gradients gradients(objective_.store());
  for (Index k = 0; k + 1 < shards.count(); ++k) {
    gradients.zero();
    if (!std::isfinite(play(part, shards, k, gradients)) || !gradients.all_finite()) return k;
  }
  return shards.count() - 1;
}

// Repeats the pass that went wrong on a tape that checks every record, and says where the data is bad, or
// else which record was the first.
void BatchGradient::explain(const StepBatch& part, const Shards& shards, const FitOptions& options) {
  ParameterStore& store = objective_.store();
  store.zero_grad();
  const Index k = bad_shard(part, shards);
  std::string who = name_of_step(part.number);
  if (shards.count() > 1) {
    who += ", shard " + std::to_string(k + 1) + " of " + std::to_string(shards.count());
  }
  std::string first = "a loss or gradient that is not finite";
  std::string hint = last_good_step;
  Gradients gradients(store);
  const Objective::Call call(objective_);
  Tape tape(store, memories_[k],
            {.mode = train, .check_finite = true, .step = part.pass, .first_column = shards.first(k)});
  try {
    tape.backward(objective_.record(tape, shards[k]), gradients);
  } catch (const NonFiniteError& error) {
    first = error.what();
  }
  if (const auto in_data = shards.non_finite(k)) {
    first = *in_data + "; expected finite data";
    hint = "counted from 0 in the data that fit was given; " + hint;
  }
  if (options.black_box) {
    try {
      options.black_box(BlackBox(tape));
      hint += "; black_box was given the pass";
    } catch (const std::exception& error) {
      hint += std::string("; the pass could not be kept: ") + error.what();
    }
  }
  throw NonFiniteError({.who = who, .given = first, .hint = hint});
}

void BatchGradient::require_finite(const StepNumber& number) const {
  ParameterStore& store = objective_.store();
  if (store.gradients().all_finite()) return;
  std::string where;
  with_scalar(store.scalar(), [&]<class T>(T) {
    for (const ParameterView& parameter : store.parameters()) {
      if (parameter.gradient<T>().is_finite()) continue;
      where = " in the gradient of \"" + parameter.name() + "\"";
      break;
    }
  });
  throw NonFiniteError({.who = name_of_step(number),
                        .given = "NaN or Inf" + where + " after on_gradient",
                        .wanted = "finite gradients",
                        .hint = last_good_step});
}

}  // namespace tapedeck
