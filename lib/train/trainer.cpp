#include "tapedeck/train/trainer.hpp"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <string>
#include <utility>
#include <variant>

#include "core/lifetime.hpp"
#include "core/ranges.hpp"
#include "tape/returned.hpp"
#include "tapedeck/core/error.hpp"
#include "tapedeck/optim/clipping.hpp"
#include "tapedeck/state/state_visitor.hpp"
#include "train/evaluation.hpp"
#include "train/inside.hpp"
#include "train/run.hpp"
#include "train/shards.hpp"

namespace tapedeck {
namespace {

constexpr const char* fit_name = "Trainer::fit";

void require_at_least_1(const char* option, Index given) {
  ranges::require(given >= 1, fit_name, option, static_cast<double>(given), "at least 1");
}

}  // namespace

constinit thread_local const Trainer::Inside* Trainer::Inside::innermost = nullptr;

// Marks that fit runs. However it ends, nothing is left of a run that began.
class Trainer::Fitting {
 public:
  explicit Fitting(Trainer& trainer) : trainer_(trainer), progress_(trainer.progress_) {
    trainer_.running_ = progress_;
  }
  Fitting(const Fitting&) = delete;
  Fitting& operator=(const Fitting&) = delete;
  ~Fitting() {
    if (begun_) progress_->run.reset();
    trainer_.running_.reset();
  }

  // Returns the run that was put back, or a new one.
  Run& begin(const FitOptions& options) {
    std::optional<Run>& run = progress_->run;
    std::optional<Best> best;  // made before anything changes: there may be no memory for it
    if (options.early_stopping && !(run && run->best)) best.emplace(trainer_.store_);
    begun_ = true;
    if (!run) run.emplace();
    if (best) run->best = std::move(best);
    if (!options.early_stopping) run->best.reset();
    run->callbacks = options.callbacks.size();
    return *run;
  }

 private:
  Trainer& trainer_;
  std::shared_ptr<Progress> progress_;  // a state that is put back meanwhile replaces the Trainer's, not this
  bool begun_ = false;
};

Trainer::Trainer(ParameterStore& store, const Layer& model, Optimizer& optimizer, Loss loss)
    : store_(store),
      model_(model),
      optimizer_(optimizer),
      store_lifetime_(store.internals().lifetime()),
      optimizer_lifetime_(optimizer.lifetime()),
      loss_(std::move(loss)),
      progress_(std::make_shared<Progress>()) {
  if (&optimizer.store() != &store) {
    throw UsageError({.who = "Trainer",
                      .given = "an optimizer of another store",
                      .wanted = "one made for the store that is trained"});
  }
  store_.seal();
}

Trainer::~Trainer() = default;

void Trainer::require_outside(const char* who) const {
  if (!Inside::of(*this)) return;
  throw UsageError({.who = who,
                    .given = "a call from the model or loss that this Trainer runs",
                    .wanted = "one from elsewhere, such as a callback",
                    .hint = "td::predict(store, model, x) applies another model"});
}

void Trainer::require_loss(const char* who, const char* wanted) const {
  if (loss_) return;
  throw UsageError({.who = who,
                    .given = "no loss",
                    .wanted = wanted,
                    .hint = "trainer.set_loss(td::MSELoss{td::batch_mean})"});
}

void Trainer::set_loss(Loss loss) {
  require_outside("Trainer::set_loss");
  if (running_) {
    throw UsageError({.who = "Trainer::set_loss",
                      .given = "another loss while fit runs",
                      .wanted = "one loss for each call of fit"});
  }
  loss_ = std::move(loss);
}

Value Trainer::loss_on(Tape& tape, const Batch& batch) const {
  const Value loss = loss_(model_(tape.gather(batch.x)), batch.y);
  require_returned("Trainer: the loss", loss, tape);
  if (loss.shape() != Shape{1, 1}) {
    throw ShapeError({.who = "Trainer", .given = "a loss of " + to_string(loss.shape()), .wanted = "1x1"});
  }
  return loss;
}

void Trainer::require_possible(const Dataset& data, const FitOptions& options) {
  require_at_least_1("epochs", options.epochs);
  require_at_least_1("batch_size", options.batch_size);
  if (options.shard_size) require_at_least_1("shard_size", *options.shard_size);
  require_at_least_1("accumulate", options.accumulate);
  if (options.clip_norm) ranges::require_positive(fit_name, "clip_norm", *options.clip_norm);
  if (const auto& rule = options.early_stopping) {
    require_at_least_1("early_stopping.patience", rule->patience);
    ranges::require_not_negative(fit_name, "early_stopping.least_improvement", rule->least_improvement);
  }
  const Batches all = batches(data, {.size = options.batch_size, .drop_last = options.drop_last});
  if (const std::optional<Run>& run = running_->run) {
    if (run->batch > all.size()) {
      throw UsageError(
          {.who = fit_name,
           .given = "the state of a fit whose next batch is " + std::to_string(run->batch) + " of an epoch",
           .wanted = "the data and batch_size that it was taken with",
           .hint = "an epoch has " + std::to_string(all.size()) + " here"});
    }
    if (run->event != Run::Event::none && run->callbacks != options.callbacks.size()) {
      throw UsageError({.who = fit_name,
                        .given = "the state of a fit with " + std::to_string(run->callbacks) + " callbacks",
                        .wanted = "as many, in the same order",
                        .hint = "there are " + std::to_string(options.callbacks.size()) +
                                " here; those after the one that took the state are called first"});
    }
  }
  // A pass in train mode that is not played back changes nothing, but meets every error there is to meet.
  try {
    for (const Index i : {Index{0}, all.size() - 1}) {
      const Shards shards(all[i], options.shard_size, i * options.batch_size);
      for (Index k = 0; k < shards.count(); ++k) try_out(shards[k], train);
    }
  } catch (const LabelError&) {
    try_greatest_label(data, train);
    throw;
  }
  try_greatest_label(data, train);
  if (options.validation != nullptr) loss_of(*options.validation);
}

void Trainer::try_out(const Batch& batch, Mode mode) {
  make_memories(1);
  const Inside inside(*this);
  Tape tape(store_, memories_[0], {.mode = mode, .step = 0});
  loss_on(tape, batch);
}

// If any class label is refused, the greatest is. An op names it by its column in the batch, this function by
// its sample in the data.
void Trainer::try_greatest_label(const Dataset& data, Mode mode) {
  const auto* labels = std::get_if<IndexMatrix>(&data.y());
  if (labels == nullptr) return;
  const Index greatest = labels->index_max();
  const auto named = [&](Index sample) {
    return "label " + std::to_string((*labels)[greatest]) + " of sample " + std::to_string(sample);
  };
  const std::vector<Index> twice(2, greatest);  // batch statistics need two samples
  const Dataset worst = data.subset(twice);
  try {
    try_out(worst.all(), mode);
  } catch (const LabelError& error) {
    if (error.given() != named(0)) throw;
    throw LabelError(
        {.who = error.who(), .given = named(greatest), .wanted = error.wanted(), .hint = error.hint()});
  }
}

const Dataset& Trainer::in_store_scalar(const Dataset& data, std::optional<Dataset>& converted) const {
  const Element wanted = real_element(store_.scalar());
  const Batch all = data.all();
  const bool fits = all.x.element == wanted && (all.y.element == wanted || all.y.element == Element::index);
  return fits ? data : converted.emplace(data.converted(store_.scalar()));
}

std::vector<EpochReport> Trainer::fit(const Dataset& data, const FitOptions& options) {
  require_alive(store_lifetime_, fit_name, "store");
  require_alive(optimizer_lifetime_, fit_name, "optimizer");
  require_outside(fit_name);
  if (running_) {
    throw UsageError({.who = fit_name,
                      .given = "a call within a fit of the same Trainer",
                      .wanted = "one fit at a time",
                      .hint = "report.stop = true in on_epoch ends the one that runs"});
  }
  require_loss(fit_name, "a loss before training");
  Fitting fitting(*this);
  require_possible(data, options);
  std::optional<Dataset> converted_data;
  std::optional<Dataset> converted_validation;
  const Dataset& training = in_store_scalar(data, converted_data);
  const Dataset* validation =
      options.validation == nullptr ? nullptr : &in_store_scalar(*options.validation, converted_validation);
  Run& run = fitting.begin(options);
  run.tell(options.callbacks);  // those that are left of an event, if a state was put back
  while (run.epoch < options.epochs && !run.stopped()) {
    const auto start = std::chrono::steady_clock::now();
    EpochReport report = train_epoch(run, training, options);
    if (validation != nullptr) report.validation_loss = loss_of(*validation);
    report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    end_epoch(run, report, options);
  }
  if (run.best) run.best->put_back(store_);
  return std::move(run.history);
}

// Trains what is left of the epoch: all of it, except for the first one after a state was put back.
EpochReport Trainer::train_epoch(Run& run, const Dataset& data, const FitOptions& options) {
  if (run.batch == 0) {
    run.order = running_->epochs++;
    run.learning_rate = optimizer_.learning_rate();
    run.epoch_sum = 0;
  }
  const Shuffle shuffle = options.shuffle ? Shuffle(store_.seed(), run.order) : Shuffle();
  const Batches all =
      batches(data, {.size = options.batch_size, .shuffle = shuffle, .drop_last = options.drop_last});
  const Index accumulate = std::min(options.accumulate, all.size());
  const Index steps = (all.size() + accumulate - 1) / accumulate;
  while (run.batch < all.size()) {
    const Index step = run.batch / accumulate;
    const Index first = step * accumulate;
    const Index last = std::min(all.size(), first + accumulate);
    Index samples = 0;
    for (Index i = first; i < last; ++i) samples += all[i].size();
    if (run.batch == first) {
      store_.zero_grad();
      run.step_sum = 0;
    }
    const Shards shards(all[run.batch], options.shard_size, run.batch * options.batch_size);
    run.step_sum += add_gradient(shards, samples, options, {run.epoch, step});
    run.begin(Run::Event::batch);
    if (++run.batch == last) {
      if (options.clip_norm) clip_norm(store_, *options.clip_norm);
      optimizer_.step();
      run.epoch_sum += run.step_sum;
      run.step_report = {.epoch = run.epoch,
                         .epochs = options.epochs,
                         .step = step,
                         .steps = steps,
                         .loss = run.step_sum / loss_.divisor(samples)};
      run.begin(Run::Event::step);
    }
    run.tell(options.callbacks);
  }
  const Index trained = options.drop_last ? all.size() * options.batch_size : data.size();
  return {.epoch = run.epoch,
          .epochs = options.epochs,
          .loss = run.epoch_sum / loss_.divisor(trained),
          .learning_rate = run.learning_rate};
}

// The run stands at the next epoch before callbacks are told: they may take its state.
void Trainer::end_epoch(Run& run, const EpochReport& report, const FitOptions& options) {
  run.history.push_back(report);
  const double loss = report.validation_loss.value_or(report.loss);
  run.history.back().stop = run.best && run.best->exhausted(loss, *options.early_stopping, store_);
  run.batch = 0;
  ++run.epoch;
  run.begin(Run::Event::epoch);
  run.tell(options.callbacks);
}

void Trainer::visit_state(StateVisitor& visitor) {
  require_alive(store_lifetime_, "Trainer::visit_state", "store");
  require_outside("Trainer::visit_state");
  if (running_ && !visitor.taking()) {
    throw UsageError(
        {.who = "Trainer", .given = "a state put back while it trains", .wanted = "that before fit"});
  }
  visitor.kind("Trainer");
  if (visitor.taking()) return (running_ ? running_ : progress_)->visit_state(visitor, store_);
  const auto given = std::make_shared<Progress>();
  given->visit_state(visitor, store_);
  visitor.at_commit([this, given] { progress_ = given; });
}

double Trainer::loss_of(const Dataset& data) {
  const Batches all = batches(data, {.size = evaluation_batch});
  const Index workers = workers_for(all.size());
  make_memories(workers);
  std::vector<double> sums(all.size());
  try {
    parallel_stretches(all.size(), workers, [&](Index w, Index begin, Index end) {
      const Inside inside(*this);
      for (Index i = begin; i < end; ++i) {
        const Batch batch = all[i];
        Tape tape(store_, memories_[w], tapedeck::evaluate);
        sums[i] = loss_on(tape, batch).item() * loss_.divisor(batch.size());
      }
    });
  } catch (const LabelError&) {
    try_greatest_label(data, tapedeck::evaluate);
    throw;
  }
  return std::accumulate(sums.begin(), sums.end(), 0.0) / loss_.divisor(data.size());
}

double Trainer::evaluate(const Dataset& data) {
  require_alive(store_lifetime_, "Trainer::evaluate", "store");
  require_outside("Trainer::evaluate");
  require_loss("Trainer::evaluate", "a loss");
  return loss_of(data);
}

template <class T>
Matrix<T> Trainer::predict(const Matrix<T>& x) {
  require_alive(store_lifetime_, "Trainer::predict", "store");
  require_outside("Trainer::predict");
  const auto marked = [this](const Value& v) {
    const Inside inside(*this);
    return model_(v);
  };
  return tapedeck::predict(store_, marked, x);
}

template Matrix<float> Trainer::predict(const Matrix<float>&);
template Matrix<double> Trainer::predict(const Matrix<double>&);

}  // namespace tapedeck
