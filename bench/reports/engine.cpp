#include "reports/engine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <vector>

#include "reports/trainee.hpp"
#include "tapedeck/core/parallel.hpp"

namespace tapedeck::reports {
namespace {

struct Job {
  Index experiment;
  Index trial;
};

std::string key_of(const Report& report, std::uint64_t seed, const Experiment& experiment, Index trial) {
  return fmt::format("{} seed {} trial {}\n{}", report.name, seed, trial, described(experiment));
}

/// Fills in what the archive has, and gives the rest.
std::vector<Job> open_jobs(ReportOutcome& result, const RunOptions& options) {
  std::vector<Job> jobs;
  for (const Experiment& experiment : result.report.experiments) {
    const Index trials = options.trials.value_or(experiment.trials);
    Outcome outcome{.experiment = experiment, .trials = std::vector<Trial>(trials)};
    for (Index trial = 0; trial < trials; ++trial) {
      std::optional<Trial> found;
      if (options.archive != nullptr && !options.again) {
        found = options.archive->find(key_of(result.report, result.seed, experiment, trial));
      }
      if (found) {
        outcome.trials[trial] = std::move(*found);
        ++result.found;
        if (options.on_trial) options.on_trial(experiment, false);
      } else {
        jobs.push_back({result.outcomes.size(), trial});
      }
    }
    result.outcomes.push_back(std::move(outcome));
  }
  return jobs;
}

}  // namespace

Random random_of(const std::string& report, std::uint64_t seed, Index trial) {
  return Random(seed).stream(report).stream(trial);
}

double work_of(const Experiment& experiment) {
  // Microseconds on the machine that the engine was written on; those of a step at any batch, and of a
  // sample.
  const double samples = static_cast<double>(experiment.train_samples + experiment.test_samples);
  const double steps = static_cast<double>(steps_of(experiment));
  return steps * (1.2 + 0.06 * static_cast<double>(experiment.batch_size)) +
         0.02 * samples * static_cast<double>(experiment.epochs) /
             static_cast<double>(experiment.measure_every);
}

ReportOutcome run(const Report& report, const RunOptions& options) {
  ReportOutcome result{.report = report, .seed = options.seed};
  std::vector<Job> jobs = open_jobs(result, options);
  // Long ones first, so that at the end no thread waits for the others.
  const auto work = [&](const Job& job) { return work_of(report.experiments[job.experiment]); };
  std::stable_sort(jobs.begin(), jobs.end(), [&](const Job& a, const Job& b) { return work(a) > work(b); });

  const auto start = std::chrono::steady_clock::now();
  std::atomic<bool> failed = false;
  std::mutex reporting;
  parallel(jobs.size(), [&](Index i) {
    if (failed) return;
    const auto [number, trial] = jobs[i];
    Outcome& outcome = result.outcomes[number];
    const Experiment& experiment = outcome.experiment;
    try {
      outcome.trials[trial] = train_once(experiment, random_of(report.name, options.seed, trial), trial == 0);
      if (options.archive != nullptr) {
        options.archive->keep(key_of(report, options.seed, experiment, trial), outcome.trials[trial]);
      }
    } catch (...) {
      failed = true;
      throw;
    }
    const std::lock_guard lock(reporting);
    result.steps += steps_of(experiment);
    if (options.on_trial) options.on_trial(experiment, true);
  });
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

std::optional<ReportOutcome> find_finished(const Report& report, RunOptions options) {
  options.again = false;
  options.on_trial = {};
  ReportOutcome result{.report = report, .seed = options.seed};
  if (!open_jobs(result, options).empty()) return std::nullopt;
  return result;
}

}  // namespace tapedeck::reports
