#include "tapedeck/train/trainer.hpp"

#include <memory>
#include <optional>
#include <utility>

#include "core/lifetime.hpp"
#include "core/ranges.hpp"
#include "tapedeck/core/error.hpp"
#include "tapedeck/state/state_visitor.hpp"
#include "tapedeck/train/predict.hpp"
#include "train/batch_gradient.hpp"
#include "train/data_check.hpp"
#include "train/evaluation.hpp"
#include "train/fit_loop.hpp"
#include "train/fit_state.hpp"
#include "train/memories.hpp"
#include "train/objective.hpp"
#include "train/parallel_batches.hpp"

namespace tapedeck {
namespace {

constexpr const char* fit_name = "Trainer::fit";

void require_at_least_1(const char* option, Index given) {
  ranges::require(given >= 1, fit_name, option, static_cast<double>(given), "at least 1");
}

void require_in_range(const FitOptions& options) {
  require_at_least_1("epochs", options.epochs);
  require_at_least_1("batch_size", options.batch_size);
  if (options.shard_size) require_at_least_1("shard_size", *options.shard_size);
  require_at_least_1("accumulate", options.accumulate);
  if (options.clip_norm) ranges::require_positive(fit_name, "clip_norm", *options.clip_norm);
  if (const auto& rule = options.early_stopping) {
    require_at_least_1("early_stopping.patience", rule->patience);
    ranges::require_not_negative(fit_name, "early_stopping.least_improvement", rule->least_improvement);
  }
}

// Data in a scalar: as they were given, or a copy.
class InScalar {
 public:
  InScalar(const Dataset& given, Scalar scalar) : data_(&given) {
    const Batch all = given.all();
    const Element wanted = real_element(scalar);
    const bool fits = all.x.element == wanted && (all.y.element == wanted || all.y.element == Element::index);
    if (!fits) data_ = &copy_.emplace(given.converted(scalar));
  }
  InScalar(const InScalar&) = delete;
  InScalar& operator=(const InScalar&) = delete;
  ~InScalar() = default;

  const Dataset& data() const { return *data_; }

 private:
  std::optional<Dataset> copy_;
  const Dataset* data_;
};

}  // namespace

struct Trainer::Parts {
  Parts(ParameterStore& store, const Layer& model, Optimizer& optimizer_of_store, Loss loss)
      : objective(store, model, std::move(loss)), optimizer(optimizer_of_store) {}

  Objective objective;
  Optimizer& optimizer;
  std::weak_ptr<const void> store_lifetime = objective.store().internals().lifetime();
  std::weak_ptr<const void> optimizer_lifetime = optimizer.lifetime();
  Memories memories;
  BatchGradient gradient{objective, memories};
  std::shared_ptr<TrainerState> next = std::make_shared<TrainerState>();  // where the next fit starts
  std::shared_ptr<TrainerState> running;  // that of the fit that runs, null if none does

  // UsageError if the store was destroyed, or if this is called from the model or loss.
  void require_callable(const char* who) const {
    require_alive(store_lifetime, who, "store");
    require_outside(who);
  }
  void require_outside(const char* who) const {
    if (!Objective::Call::runs(objective)) return;
    throw UsageError({.who = who,
                      .given = "a call from the model or loss that this Trainer runs",
                      .wanted = "one from elsewhere, such as a callback",
                      .hint = "td::predict(store, model, x) applies another model"});
  }
  void require_loss(const char* who, const char* wanted) const {
    if (objective.loss()) return;
    throw UsageError({.who = who,
                      .given = "no loss",
                      .wanted = wanted,
                      .hint = "trainer.set_loss(td::MSELoss{td::batch_mean})"});
  }
};

// Marks that fit runs. However it ends, nothing is left of a fit that began.
class Trainer::Running {
 public:
  explicit Running(Parts& parts) : parts_(parts), state_(parts.next) { parts_.running = state_; }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() {
    if (begun_) state_->fit.reset();
    parts_.running.reset();
  }

  TrainerState& state() { return *state_; }
  void begin(const FitOptions& options) {
    state_->begin_fit(options, parts_.objective.store());
    begun_ = true;
  }

 private:
  Parts& parts_;
  std::shared_ptr<TrainerState> state_;  // a state that is put back meanwhile replaces the next one, not this
  bool begun_ = false;
};

Trainer::Trainer(ParameterStore& store, const Layer& model, Optimizer& optimizer, Loss loss)
    : parts_(std::make_unique<Parts>(store, model, optimizer, std::move(loss))) {
  if (&optimizer.store() != &store) {
    throw UsageError({.who = "Trainer",
                      .given = "an optimizer of another store",
                      .wanted = "one made for the store that is trained"});
  }
  store.seal();
}

Trainer::~Trainer() = default;

void Trainer::set_loss(Loss loss) {
  parts_->require_outside("Trainer::set_loss");
  if (parts_->running) {
    throw UsageError({.who = "Trainer::set_loss",
                      .given = "another loss while fit runs",
                      .wanted = "one loss for each call of fit"});
  }
  parts_->objective.set_loss(std::move(loss));
}

std::vector<EpochReport> Trainer::fit(const Dataset& data, const FitOptions& options) {
  Parts& p = *parts_;
  require_alive(p.store_lifetime, fit_name, "store");
  require_alive(p.optimizer_lifetime, fit_name, "optimizer");
  p.require_outside(fit_name);
  if (p.running) {
    throw UsageError({.who = fit_name,
                      .given = "a call within a fit of the same Trainer",
                      .wanted = "one fit at a time",
                      .hint = "report.stop = true in on_epoch ends the one that runs"});
  }
  p.require_loss(fit_name, "a loss before training");
  Running running(p);

  require_in_range(options);
  const BatchOptions cut{.size = options.batch_size, .drop_last = options.drop_last};
  const Index in_epoch = batches(data, cut).size();
  if (const auto& fit = running.state().fit) fit->require_resumable(in_epoch, options.callbacks.size());
  const InScalar training(data, p.objective.store().scalar());
  std::optional<InScalar> validation;
  if (options.validation != nullptr) validation.emplace(*options.validation, p.objective.store().scalar());
  DataCheck(p.objective, p.memories, train).ends_and_labels(training.data(), cut, options.shard_size);
  if (validation) {
    DataCheck(p.objective, p.memories, tapedeck::evaluate)
        .ends_and_labels(validation->data(), {.size = evaluation_batch}, std::nullopt);
  }

  running.begin(options);
  FitLoop loop(p.objective, p.optimizer, p.gradient, p.memories, running.state(), options);
  return loop.run(training.data(), validation ? &validation->data() : nullptr);
}

void Trainer::visit_state(StateVisitor& visitor) {
  Parts& p = *parts_;
  p.require_callable("Trainer::visit_state");
  if (p.running && !visitor.taking()) {
    throw UsageError(
        {.who = "Trainer", .given = "a state put back while it trains", .wanted = "that before fit"});
  }
  ParameterStore& store = p.objective.store();
  visitor.kind("Trainer");
  if (visitor.taking()) return (p.running ? p.running : p.next)->visit_state(visitor, store);
  const auto given = std::make_shared<TrainerState>();
  given->visit_state(visitor, store);
  visitor.at_commit([&p, given] { p.next = given; });
}

double Trainer::evaluate(const Dataset& data) {
  parts_->require_callable("Trainer::evaluate");
  parts_->require_loss("Trainer::evaluate", "a loss");
  return loss_of(data, parts_->objective, parts_->memories);
}

template <class T>
Matrix<T> Trainer::predict(const Matrix<T>& x) {
  parts_->require_callable("Trainer::predict");
  const Objective& objective = parts_->objective;
  const auto marked = [&objective](const Value& v) {
    const Objective::Call call(objective);
    return objective.model()(v);
  };
  return tapedeck::predict(objective.store(), marked, x);
}

template Matrix<float> Trainer::predict(const Matrix<float>&);
template Matrix<double> Trainer::predict(const Matrix<double>&);

}  // namespace tapedeck
