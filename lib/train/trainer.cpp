#include "tapedeck/train/trainer.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <numeric>
#include <utility>
#include <variant>

#include "core/ranges.hpp"
#include "layers/returned.hpp"
#include "tapedeck/core/error.hpp"
#include "tapedeck/optim/clipping.hpp"
#include "train/evaluation.hpp"
#include "train/shards.hpp"

namespace tapedeck {
namespace {

constexpr const char* fit_name = "Trainer::fit";

void require_at_least_1(const char* option, Index given) {
  ranges::require(given >= 1, fit_name, option, static_cast<double>(given), "at least 1");
}

// The sample of the greatest class label, if there are labels: the one that is refused if any of them is.
std::optional<Index> sample_of_greatest_label(const Dataset& data) {
  const auto* labels = std::get_if<IndexMatrix>(&data.y());
  if (labels == nullptr) return std::nullopt;
  return labels->index_max();
}

}  // namespace

// The parameters and buffers of the best epoch so far.
class Trainer::Best {
 public:
  Best(ParameterStore& store, const EarlyStopping& rule)
      : store_(store), rule_(rule), values_(store.values()), buffers_(store.buffers()) {}

  /// Takes note of an epoch; whether patience is exhausted.
  bool exhausted(double loss) {
    if (loss < loss_ - rule_.least_improvement) {
      loss_ = loss;
      bad_epochs_ = 0;
      values_.assign(store_.values());
      buffers_.assign(store_.buffers());
      return false;
    }
    return ++bad_epochs_ >= rule_.patience;
  }
  void restore() const {
    store_.values().assign(values_);
    store_.buffers().assign(buffers_);
  }

 private:
  ParameterStore& store_;
  EarlyStopping rule_;
  FlatBuffer values_;
  FlatBuffer buffers_;
  double loss_ = std::numeric_limits<double>::infinity();
  Index bad_epochs_ = 0;
};

Trainer::Trainer(ParameterStore& store, const Layer& model, Optimizer& optimizer, Loss loss)
    : store_(store), model_(model), optimizer_(optimizer), loss_(std::move(loss)) {
  if (&optimizer.store() != &store) {
    throw UsageError({.who = "Trainer",
                      .given = "an optimizer of another store",
                      .wanted = "one made for the store that is trained"});
  }
  store_.seal();
}

Value Trainer::loss_on(Tape& tape, const Batch& batch) const {
  const Value loss = loss_(model_(tape.gather(batch.x)), batch.y);
  require_returned("Trainer: the loss", loss, tape);
  if (loss.shape() != Shape{1, 1}) {
    throw ShapeError({.who = "Trainer", .given = "a loss of " + to_string(loss.shape()), .wanted = "1x1"});
  }
  return loss;
}

void Trainer::refuse(const Dataset& data, const FitOptions& options) {
  require_at_least_1("epochs", options.epochs);
  require_at_least_1("batch_size", options.batch_size);
  if (options.shard_size) require_at_least_1("shard_size", *options.shard_size);
  require_at_least_1("accumulate", options.accumulate);
  if (options.clip_norm) ranges::require_positive(fit_name, "clip_norm", *options.clip_norm);
  if (const auto& rule = options.early_stopping) {
    require_at_least_1("early_stopping.patience", rule->patience);
    ranges::require_not_negative(fit_name, "early_stopping.least_improvement", rule->least_improvement);
  }
  // A pass in train mode that is not played back changes nothing, but meets every error there is to meet.
  const Batches all = batches(data, {.size = options.batch_size});
  make_memories(1);
  const auto try_out = [&](const Batch& batch) {
    Tape tape(store_, memories_[0], {.mode = train, .step = 0});
    loss_on(tape, batch);
  };
  for (const Index i : {Index{0}, all.size() - 1}) {
    const Shards shards(all[i], options.shard_size);
    for (Index k = 0; k < shards.count(); ++k) try_out(shards[k]);
  }
  if (const auto sample = sample_of_greatest_label(data)) {
    const std::vector<Index> twice(2, *sample);  // batch statistics want two
    const Dataset worst = data.subset(twice);
    try_out(worst.all());
  }
  if (options.validation != nullptr) mean_loss(*options.validation);
}

const Dataset& Trainer::in_store_scalar(const Dataset& data, std::optional<Dataset>& converted) const {
  const Element wanted = real_element(store_.scalar());
  const Batch all = data.all();
  const bool fits = all.x.element == wanted && (all.y.element == wanted || all.y.element == Element::index);
  return fits ? data : converted.emplace(data.converted(store_.scalar()));
}

std::vector<EpochReport> Trainer::fit(const Dataset& data, const FitOptions& options) {
  if (!loss_) {
    throw UsageError({.who = fit_name,
                      .given = "no loss",
                      .wanted = "a loss before training",
                      .hint = "trainer.set_loss(td::MSELoss{td::batch_mean})"});
  }
  refuse(data, options);
  std::optional<Dataset> converted_data;
  std::optional<Dataset> converted_validation;
  const Dataset& training = in_store_scalar(data, converted_data);
  const Dataset* validation =
      options.validation == nullptr ? nullptr : &in_store_scalar(*options.validation, converted_validation);
  std::optional<Best> best;
  if (options.early_stopping) best.emplace(store_, *options.early_stopping);

  std::vector<EpochReport> history;
  for (Index epoch = 0; epoch < options.epochs; ++epoch) {
    const auto start = std::chrono::steady_clock::now();
    EpochReport report{.epoch = epoch, .epochs = options.epochs, .learning_rate = optimizer_.learning_rate()};
    report.loss = train_epoch(training, options, epoch);
    if (validation != nullptr) report.validation_loss = mean_loss(*validation);
    report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (best && best->exhausted(report.validation_loss.value_or(report.loss))) report.stop = true;
    for (const Callback& callback : options.callbacks) {
      if (callback.on_epoch) callback.on_epoch(report);
    }
    history.push_back(report);
    if (report.stop) break;
  }
  if (best) best->restore();
  return history;
}

double Trainer::train_epoch(const Dataset& data, const FitOptions& options, Index epoch) {
  const Shuffle shuffle = options.shuffle ? Shuffle(store_.seed(), epochs_) : Shuffle();
  ++epochs_;
  const Batches all = batches(data, {.size = options.batch_size, .shuffle = shuffle});
  const Index accumulate = std::min(options.accumulate, all.size());
  const Index steps = (all.size() + accumulate - 1) / accumulate;
  double sum = 0;
  for (Index step = 0; step < steps; ++step) {
    const Where where{epoch, step};
    const Index first = step * accumulate;
    const Index last = std::min(all.size(), first + accumulate);
    double samples = 0;
    for (Index i = first; i < last; ++i) samples += static_cast<double>(all[i].size());
    store_.zero_grad();
    double step_loss = 0;
    for (Index i = first; i < last; ++i) {
      step_loss += add_gradient(Shards(all[i], options.shard_size), samples, options, where);
    }
    sum += step_loss * samples;
    if (options.clip_norm) clip_norm(store_, *options.clip_norm);
    optimizer_.step();
    const StepReport report{
        .epoch = epoch, .epochs = options.epochs, .step = step, .steps = steps, .loss = step_loss};
    for (const Callback& callback : options.callbacks) {
      if (callback.on_step) callback.on_step(report);
    }
  }
  return sum / static_cast<double>(data.size());
}

double Trainer::mean_loss(const Dataset& data) {
  const Batches all = batches(data, {.size = evaluation_batch});
  const Index workers = workers_for(all.size());
  make_memories(workers);
  std::vector<double> sums(all.size());
  parallel_stretches(all.size(), workers, [&](Index w, Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      const Batch batch = all[i];
      Tape tape(store_, memories_[w], tapedeck::evaluate);
      sums[i] = loss_on(tape, batch).item() * static_cast<double>(batch.size());
    }
  });
  return std::accumulate(sums.begin(), sums.end(), 0.0) / static_cast<double>(data.size());
}

double Trainer::evaluate(const Dataset& data) {
  if (!loss_) {
    throw UsageError({.who = "Trainer::evaluate",
                      .given = "no loss",
                      .wanted = "a loss",
                      .hint = "trainer.set_loss(td::MSELoss{td::batch_mean})"});
  }
  return mean_loss(data);
}

}  // namespace tapedeck
