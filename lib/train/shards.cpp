// The Trainer's part that makes gradients: a batch in shards, each on a tape of its own.

#include "train/shards.hpp"

#include <cmath>
#include <string>

#include "tapedeck/core/error.hpp"
#include "tapedeck/core/parallel.hpp"
#include "tapedeck/tape/black_box.hpp"
#include "train/inside.hpp"
#include "train/run.hpp"

namespace tapedeck {
namespace {

struct Place {
  Index row;
  Index column;
  double value;
};

std::optional<Place> first_non_finite(const Columns& columns) {
  const auto search = [&]<class T>(const T* data) -> std::optional<Place> {
    for (Index c = 0; c < columns.count; ++c) {
      const T* column = data + (columns.order == nullptr ? c : columns.order[c]) * columns.rows;
      for (Index r = 0; r < columns.rows; ++r) {
        if (!std::isfinite(column[r])) return Place{r, c, static_cast<double>(column[r])};
      }
    }
    return std::nullopt;
  };
  switch (columns.element) {
    case Element::real32:
      return search(static_cast<const float*>(columns.data));
    case Element::real64:
      return search(static_cast<const double*>(columns.data));
    case Element::index:
      break;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> Trainer::Shards::non_finite(Index shard) const {
  const auto text = [&](const char* row, const Columns& columns) -> std::optional<std::string> {
    const std::optional<Place> place = first_non_finite(columns);
    if (!place) return std::nullopt;
    const Index sample =
        columns.order == nullptr ? position_ + first(shard) + place->column : columns.order[place->column];
    const char* value = std::isnan(place->value) ? "nan" : place->value > 0 ? "inf" : "-inf";
    return std::string(row) + " " + std::to_string(place->row) + " of sample " + std::to_string(sample) +
           " is " + value + " as " + name_of(columns.element);
  };
  const Batch part = (*this)[shard];
  const std::optional<std::string> in_x = text("feature", part.x);
  return in_x ? in_x : text("target", part.y);
}

void Trainer::make_memories(Index count) {
  while (memories_.size() < count) memories_.emplace_back();
}

// Adds the gradient of the shard's part of the step's loss; returns the shard's own loss. The step's loss is
// the sum over shards k of d(n_k) l_k, divided by d(n), where d is the loss's divisor, n_k the shard's size,
// and n that of the step: the cotangent of l_k is d(n_k) / d(n).
double Trainer::play(const Shards& shards, Index k, Index samples, Gradients& gradients) {
  const Batch shard = shards[k];
  const Inside inside(*this);
  Tape tape(store_, memories_[k], {.mode = train, .step = running_->passes, .first_column = shards.first(k)});
  const Value loss = loss_on(tape, shard);
  const double value = loss.item();
  if (!std::isfinite(value)) return value;
  const double part = loss_.divisor(shard.size()) / loss_.divisor(samples);
  with_scalar(store_.scalar(), [&]<class T>(T) {
    const Matrix<T> cotangent(1, 1, arma::fill::value(static_cast<T>(part)));
    tape.backward({loss, cotangent}, gradients);
  });
  return value;
}

// Gradients and statistics are added in the order of shards.
double Trainer::add_gradient(const Shards& shards, Index samples, const FitOptions& options, Where where) {
  const Index count = shards.count();
  make_memories(count);
  while (gradients_.size() + 1 < count) gradients_.emplace_back(store_);
  if (losses_.size() < count) losses_.resize(count);
  parallel(count, [&](Index k) {
    if (k > 0) gradients_[k - 1].zero();
    losses_[k] = play(shards, k, samples, k > 0 ? gradients_[k - 1] : store_.gradients());
  });

  double sum = 0;
  for (Index k = 0; k < count; ++k) {
    sum += losses_[k] * loss_.divisor(shards[k].size());
    if (k > 0) store_.gradients() += gradients_[k - 1];
  }
  if (!std::isfinite(sum) || !store_.gradients().all_finite()) explain(shards, samples, options, where);
  ++running_->passes;
  return sum;
}

// The first shard that went bad by itself, looked for with the same random numbers; the last one if only the
// sum is not finite.
Index Trainer::bad_shard(const Shards& shards, Index samples) {
  Gradients gradients(store_);
  for (Index k = 0; k + 1 < shards.count(); ++k) {
    gradients.zero();
    if (!std::isfinite(play(shards, k, samples, gradients)) || !gradients.all_finite()) return k;
  }
  return shards.count() - 1;
}

// Repeats the pass that went wrong on a tape that checks every record, and says where the data is bad, or
// else which record was the first.
void Trainer::explain(const Shards& shards, Index samples, const FitOptions& options, Where where) {
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
  const Inside inside(*this);
  Tape tape(store_, memories_[k],
            {.mode = train, .check_finite = true, .step = running_->passes, .first_column = shards.first(k)});
  try {
    tape.backward(loss_on(tape, shards[k]), gradients);
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

}  // namespace tapedeck
