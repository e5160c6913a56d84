#include "reports/outcome.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace tapedeck::reports {
namespace {

double measured(const Trial& trial, std::size_t row, Metric metric) {
  return trial.measured[row][static_cast<std::size_t>(metric)];
}

/// Gives one point for each epoch that was measured, made of its row number.
template <class F>
std::vector<Point> points(const Experiment& experiment, const F& figure) {
  std::vector<Point> points;
  for (Index epoch = 1; epoch <= experiment.epochs; ++epoch) {
    if (is_measured(experiment, epoch)) points.push_back({epoch, figure(points.size())});
  }
  return points;
}

const Outcome& outcome_of(const ReportOutcome& of, const std::string& setting) {
  const auto place = std::find_if(of.outcomes.begin(), of.outcomes.end(), [&](const Outcome& outcome) {
    return outcome.experiment.setting == setting;
  });
  if (place == of.outcomes.end()) throw std::logic_error(of.report.name + " has no setting " + setting);
  return *place;
}

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
                                               : measured(trial, trial.measured.size() - 1, metric));
  }
  if (values.empty()) return std::nullopt;
  return mean_deviation(values);
}

std::vector<Point> Outcome::curve(Metric metric) const {
  if (diverged() == trials.size()) return {};
  std::vector<double> values;
  return points(experiment, [&](std::size_t row) {
    values.clear();
    for (const Trial& trial : trials) {
      if (!trial.diverged) values.push_back(measured(trial, row, metric));
    }
    return mean_deviation(values);
  });
}

std::vector<Point> Outcome::curve_of_trial(Index trial, Metric metric) const {
  const Trial& one = trials.at(trial);
  if (one.diverged) return {};
  return points(experiment, [&](std::size_t row) {
    return MeanDeviation{.mean = measured(one, row, metric), .deviation = 0, .count = 1};
  });
}

const Outcome& ReportOutcome::of(const Choice& choice) const {
  const Outcome* best = nullptr;
  double lowest = std::numeric_limits<double>::infinity();
  for (const std::string& setting : choice.settings) {
    const Outcome& outcome = outcome_of(*this, setting);
    const auto loss = outcome.at_end(Metric::test_loss);
    if (best == nullptr) best = &outcome;
    if (loss && loss->mean < lowest) {
      lowest = loss->mean;
      best = &outcome;
    }
  }
  if (best == nullptr) throw std::logic_error(report.name + " names no setting");
  return *best;
}

Index steps_per_second(const ReportOutcome& outcome) {
  if (outcome.steps == 0) return 0;
  return static_cast<Index>(std::llround(static_cast<double>(outcome.steps) / outcome.seconds));
}

}  // namespace tapedeck::reports
