#include "reports/engine.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <numeric>
#include <thread>

#include "tapedeck/core/error.hpp"
#include "tapedeck/core/random.hpp"
#include "tapedeck/tape/memory.hpp"
#include "tapedeck/tape/tape.hpp"

namespace tapedeck::reports {
namespace {

/// Points with their labels, and with the targets that the loss sees, in the store's scalar.
struct Samples {
  IndexMatrix labels;
  Dataset data;

  Samples(const Dataset& points, const Targets& targets)
      : labels(points.labels()), data(Dataset(points.x(), targets(points.labels())).converted(f32)) {}
};

bool is_measured(const Experiment& experiment, Index epoch) {
  return epoch % experiment.measure_every == 0 || epoch == experiment.epochs;
}

/// One network in training.
class Trainee {
 public:
  Trainee(const Experiment& experiment, const Random& random)
      : experiment_(experiment),
        train_(draw(experiment.train_samples, random.stream("train"))),
        test_(draw(experiment.test_samples, random.stream("test"))),
        store_({.seed = random.stream("weights").key()}),
        model_(make(experiment.network, store_, train_.data.features())),
        optimizer_(experiment.optimizer(store_)) {}

  Trial train() {
    Trial trial;
    Trainer trainer(store_, model_, *optimizer_, experiment_.loss);
    const auto end_of_epoch = experiment_.schedule(*optimizer_);
    const auto measure = [&](const EpochReport& epoch) {
      end_of_epoch();
      trial.seconds += epoch.seconds;
      if (!is_measured(experiment_, epoch.epoch + 1)) return;
      const auto [train_loss, train_accuracy] = evaluate_on(train_);
      const auto [test_loss, test_accuracy] = evaluate_on(test_);
      trial.measured.push_back({train_accuracy, test_accuracy, train_loss, test_loss});
    };
    try {
      trainer.fit(
          train_.data,
          {.epochs = experiment_.epochs, .batch_size = experiment_.batch_size, .callbacks = {measure}});
    } catch (const NonFiniteError&) {
      trial.diverged = true;
    }
    return trial;
  }

  Picture draw_picture() {
    constexpr Index side = Picture::side;
    Matrix<double> grid(2, side * side);
    for (Index j = 0; j < side; ++j) {
      for (Index i = 0; i < side; ++i) {
        grid(0, j * side + i) = static_cast<double>(i) / (side - 1);
        grid(1, j * side + i) = static_cast<double>(j) / (side - 1);
      }
    }
    const Matrix<double> outputs = predict(store_, model_, grid);
    const Matrix<double> points = arma::conv_to<Matrix<double>>::from(test_.data.x<float>());
    const IndexMatrix predicted = predicted_classes(predict(store_, model_, points));
    return {.grid = arma::reshape(outputs.row(0), side, side),
            .wrong = points.cols(arma::find(predicted != test_.labels))};
  }

 private:
  struct Evaluation {
    double loss;
    double accuracy;
  };

  Samples draw(Index samples, const Random& random) const {
    return {experiment_.data(samples, random.key()), experiment_.targets};
  }

  Evaluation evaluate_on(const Samples& samples) {
    Tape tape(store_, memory_, evaluate);
    const Batch all = samples.data.all();
    const Value output = model_(tape.gather(all.x));
    return {experiment_.loss(output, all.y).item(), accuracy(output.matrix<float>(), samples.labels)};
  }

  const Experiment& experiment_;
  Samples train_;
  Samples test_;
  ParameterStore store_;
  Sequential model_;
  std::unique_ptr<Optimizer> optimizer_;
  Memory memory_;
};

/// Calls work(0), ..., work(count - 1) from several threads; the first exception ends it and is passed on.
void in_parallel(Index count, unsigned threads, const std::function<void(Index)>& work) {
  std::atomic<Index> next = 0;
  std::exception_ptr failure;
  std::mutex failing;
  const auto worker = [&] {
    try {
      for (Index i = next++; i < count; i = next++) work(i);
    } catch (...) {
      next = count;
      const std::lock_guard lock(failing);
      if (!failure) failure = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> others;
    for (Index i = 1; i < std::min<Index>(threads, count); ++i) others.emplace_back(worker);
    worker();
  }
  if (failure) std::rethrow_exception(failure);
}

struct Job {
  Index experiment;
  Index trial;
};

}  // namespace

Index Outcome::diverged() const {
  return static_cast<Index>(
      std::count_if(trials.begin(), trials.end(), [](const Trial& t) { return t.diverged; }));
}

std::optional<MeanDeviation> Outcome::at_end(Metric metric) const {
  std::vector<double> values;
  for (const Trial& trial : trials) {
    if (trial.diverged) continue;
    values.push_back(metric == Metric::seconds ? trial.seconds
                                               : trial.measured.back()[static_cast<std::size_t>(metric)]);
  }
  if (values.empty()) return std::nullopt;
  return mean_deviation(values);
}

std::vector<Point> Outcome::curve(Metric metric) const {
  std::vector<Point> points;
  if (diverged() == trials.size()) return points;
  std::vector<double> values;
  for (Index epoch = 1; epoch <= experiment.epochs; ++epoch) {
    if (!is_measured(experiment, epoch)) continue;
    values.clear();
    for (const Trial& trial : trials) {
      if (!trial.diverged) values.push_back(trial.measured[points.size()][static_cast<std::size_t>(metric)]);
    }
    points.push_back({epoch, mean_deviation(values)});
  }
  return points;
}

ReportOutcome run(const Report& report, const RunOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  ReportOutcome result{.report = report};
  std::vector<Job> jobs;
  for (const Experiment& experiment : report.experiments) {
    const Index trials = options.trials.value_or(experiment.trials);
    for (Index trial = 0; trial < trials; ++trial) jobs.push_back({result.outcomes.size(), trial});
    result.outcomes.push_back({.experiment = experiment, .trials = std::vector<Trial>(trials)});
  }
  // Long ones first, so that at the end no thread waits for the others.
  const auto length = [&](const Job& job) {
    const Experiment& experiment = report.experiments[job.experiment];
    return experiment.epochs * experiment.train_samples;
  };
  std::stable_sort(jobs.begin(), jobs.end(),
                   [&](const Job& a, const Job& b) { return length(a) > length(b); });

  const Random random = Random(options.seed).stream(report.name);
  std::mutex reporting;
  in_parallel(jobs.size(), options.threads, [&](Index i) {
    const Job job = jobs[i];
    Outcome& outcome = result.outcomes[job.experiment];
    Trainee trainee(outcome.experiment, random.stream(job.trial));
    Trial& trial = outcome.trials[job.trial] = trainee.train();
    if (job.trial == 0 && !trial.diverged) outcome.picture = trainee.draw_picture();
    const std::lock_guard lock(reporting);
    if (options.on_trial) options.on_trial(outcome.experiment);
  });
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace tapedeck::reports
