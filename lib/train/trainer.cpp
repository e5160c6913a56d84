#include "tapedeck/train/trainer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <variant>

#include "core/ranges.hpp"
#include "layers/returned.hpp"
#include "tapedeck/core/error.hpp"
#include "tapedeck/optim/clipping.hpp"
#include "tapedeck/tape/black_box.hpp"

namespace tapedeck {
namespace {

// Losses without validation data and for validation run in batches of this many samples.
constexpr Index evaluation_batch = 1024;

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
  require_at_least_1("accumulate", options.accumulate);
  if (options.clip_norm) ranges::require_positive(fit_name, "clip_norm", *options.clip_norm);
  if (const auto& rule = options.early_stopping) {
    require_at_least_1("early_stopping.patience", rule->patience);
    ranges::require_not_negative(fit_name, "early_stopping.least_improvement", rule->least_improvement);
  }
  // A pass in train mode that is not played back changes nothing, but meets every error there is to meet.
  const Batches all = batches(data, {.size = options.batch_size});
  const auto try_out = [&](const Batch& batch) {
    Tape tape(store_, memory_, {.mode = train, .step = 0});
    loss_on(tape, batch);
  };
  try_out(all[0]);
  try_out(all[all.size() - 1]);
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
      const Batch batch = all[i];
      const double share = static_cast<double>(batch.size()) / samples;
      const double loss = record(batch, share, options, where);
      sum += loss * static_cast<double>(batch.size());
      step_loss += loss * share;
    }
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

// Adds `share` times the gradient of a batch's loss. Gives the loss.
double Trainer::record(const Batch& batch, double share, const FitOptions& options, Where where) {
  double value = 0;
  bool good = false;
  {
    Tape tape(store_, memory_, {.mode = train, .step = passes_});
    const Value loss = loss_on(tape, batch);
    value = loss.item();
    if (std::isfinite(value)) {
      with_scalar(store_.scalar(), [&]<class T>(T) {
        const Matrix<T> cotangent(1, 1, arma::fill::value(static_cast<T>(share)));
        tape.backward({loss, cotangent});
      });
      good = store_.gradients().all_finite();
    }
  }
  if (!good) explain(batch, options, where);
  ++passes_;
  return value;
}

// Repeats the pass that went wrong, with the same random numbers, on a tape that checks every record.
void Trainer::explain(const Batch& batch, const FitOptions& options, Where where) {
  store_.zero_grad();
  const std::string who =
      "training, epoch " + std::to_string(where.epoch + 1) + ", step " + std::to_string(where.step + 1);
  std::string first = "a loss or gradient that is not finite";
  std::string hint = "parameters and statistics are those of the last good step";
  Gradients gradients(store_);
  Tape tape(store_, memory_, {.mode = train, .check_finite = true, .step = passes_});
  try {
    tape.backward(loss_on(tape, batch), gradients);
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

double Trainer::mean_loss(const Dataset& data) {
  double sum = 0;
  for (const Batch& batch : batches(data, {.size = evaluation_batch})) {
    Tape tape(store_, memory_, tapedeck::evaluate);
    sum += loss_on(tape, batch).item() * static_cast<double>(batch.size());
  }
  return sum / static_cast<double>(data.size());
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
