#include "tapedeck/train/trainer.hpp"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <string>
#include <utility>
#include <variant>

#include "core/ranges.hpp"
#include "layers/returned.hpp"
#include "tapedeck/core/error.hpp"
#include "tapedeck/optim/clipping.hpp"
#include "tapedeck/param/state_visitor.hpp"
#include "train/evaluation.hpp"
#include "train/run.hpp"
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

// Lasts as long as fit trains; however it ends, nothing is left of the run.
class Trainer::Fitting {
 public:
  explicit Fitting(Trainer& trainer) : trainer_(trainer) { trainer_.fitting_ = true; }
  Fitting(const Fitting&) = delete;
  Fitting& operator=(const Fitting&) = delete;
  ~Fitting() {
    trainer_.fitting_ = false;
    trainer_.run_.reset();
  }

 private:
  Trainer& trainer_;
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

Trainer::~Trainer() = default;

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
  if (run_ && run_->batch > all.size()) {
    throw UsageError(
        {.who = fit_name,
         .given = "the state of a fit whose next batch is " + std::to_string(run_->batch) + " of an epoch",
         .wanted = "the data and batch_size that it was taken with",
         .hint = "an epoch has " + std::to_string(all.size()) + " here"});
  }
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
  if (!run_) run_ = std::make_shared<Run>();
  const Fitting until_the_end(*this);
  Run& run = *run_;
  if (!options.early_stopping) run.best.reset();
  if (options.early_stopping && !run.best) run.best.emplace(store_);
  while (run.epoch < options.epochs && !run.stopped) {
    const auto start = std::chrono::steady_clock::now();
    EpochReport report = train_epoch(training, options);
    if (validation != nullptr) report.validation_loss = mean_loss(*validation);
    report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    end_epoch(report, options);
  }
  if (run.best) run.best->put_back(store_);
  return std::move(run.history);
}

// Trains what is left of the epoch: all of it, but for the first one after a state was put back.
EpochReport Trainer::train_epoch(const Dataset& data, const FitOptions& options) {
  Run& run = *run_;
  if (run.batch == 0) {
    run.order = epochs_++;
    run.learning_rate = optimizer_.learning_rate();
    run.epoch_loss = 0;
  }
  const Shuffle shuffle = options.shuffle ? Shuffle(store_.seed(), run.order) : Shuffle();
  const Batches all = batches(data, {.size = options.batch_size, .shuffle = shuffle});
  const Index accumulate = std::min(options.accumulate, all.size());
  const Index steps = (all.size() + accumulate - 1) / accumulate;
  while (run.batch < all.size()) {
    const Index step = run.batch / accumulate;
    const Index first = step * accumulate;
    const Index last = std::min(all.size(), first + accumulate);
    double samples = 0;
    for (Index i = first; i < last; ++i) samples += static_cast<double>(all[i].size());
    if (run.batch == first) {
      store_.zero_grad();
      run.step_loss = 0;
    }
    run.step_loss +=
        add_gradient(Shards(all[run.batch], options.shard_size), samples, options, {run.epoch, step});
    if (++run.batch == last) {
      run.epoch_loss += run.step_loss * samples;
      end_step(options, {.epoch = run.epoch,
                         .epochs = options.epochs,
                         .step = step,
                         .steps = steps,
                         .loss = run.step_loss});
    }
    for (const Callback& callback : options.callbacks) {
      if (callback.on_batch) callback.on_batch();
    }
  }
  return {.epoch = run.epoch,
          .epochs = options.epochs,
          .loss = run.epoch_loss / static_cast<double>(data.size()),
          .learning_rate = run.learning_rate};
}

void Trainer::end_step(const FitOptions& options, const StepReport& report) {
  if (options.clip_norm) clip_norm(store_, *options.clip_norm);
  optimizer_.step();
  for (const Callback& callback : options.callbacks) {
    if (callback.on_step) callback.on_step(report);
  }
}

// The run stands at the next epoch before callbacks look at it: they may take its state.
void Trainer::end_epoch(const EpochReport& report, const FitOptions& options) {
  Run& run = *run_;
  run.history.push_back(report);
  EpochReport& now = run.history.back();
  const double loss = report.validation_loss.value_or(report.loss);
  now.stop = run.best && run.best->exhausted(loss, *options.early_stopping, store_);
  run.stopped = now.stop;
  run.batch = 0;
  ++run.epoch;
  for (const Callback& callback : options.callbacks) {
    if (callback.on_epoch) callback.on_epoch(now);
  }
  run.stopped = now.stop;
}

void Trainer::visit_state(StateVisitor& visitor) {
  if (fitting_ && !visitor.taking()) {
    throw UsageError(
        {.who = "Trainer", .given = "a state put back while it trains", .wanted = "that before fit"});
  }
  visitor.kind("Trainer");
  visitor.count("passes", passes_);
  visitor.count("epochs", epochs_);
  const StateVisitor::Scope scope(visitor, "run");
  if (visitor.taking()) {
    if (run_) run_->visit_state(visitor, store_);
    return;
  }
  std::shared_ptr<Run> given;
  if (visitor.has("epoch")) {
    given = std::make_shared<Run>();
    given->visit_state(visitor, store_);
  }
  visitor.at_commit([this, given] { run_ = given; });
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
