#pragma once

/// @file
/// Runs the experiments of a report.

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "reports/experiment.hpp"
#include "tapedeck/train/metrics.hpp"

namespace tapedeck::reports {

/// What is measured after an epoch, in evaluate mode on all of the data; in the order of Metric.
using Measures = std::array<double, 4>;

struct Trial {
  std::vector<Measures> measured;  ///< one for each epoch that the experiment asks for
  double seconds = 0;              ///< of training; measuring is not counted
  bool diverged = false;           ///< a loss or gradient was not finite: training ended there
};

/// What a trained network says: its first output on a grid over the unit square, and the test points that it
/// gets wrong.
struct Picture {
  static constexpr Index side = 65;
  Matrix<double> grid;   ///< side x side; element (i, j) is at x = i / (side - 1), y = j / (side - 1)
  Matrix<double> wrong;  ///< 2 x points
};

/// A point of a curve. Epochs are counted from 1 here: what is measured after the first belongs to 1.
struct Point {
  Index epoch;
  MeanDeviation figure;
};

struct Outcome {
  Experiment experiment;
  std::vector<Trial> trials;
  std::optional<Picture> picture = std::nullopt;  ///< of the first trial, unless it diverged

  Index diverged() const;
  /// Over the trials that did not diverge, at the end of training; nothing if all did.
  std::optional<MeanDeviation> at_end(Metric metric) const;
  /// The same over the epochs that were measured.
  std::vector<Point> curve(Metric metric) const;
};

struct ReportOutcome {
  Report report;
  std::vector<Outcome> outcomes = {};  ///< in the order of the report's experiments
  double seconds = 0;                  ///< that all of it took
};

struct RunOptions {
  std::optional<Index> trials = std::nullopt;  ///< instead of those described
  std::uint64_t seed = 1;
  unsigned threads = 1;
  /// Called after each trial, by one thread at a time.
  std::function<void(const Experiment&)> on_trial = {};
};

/// Runs all trials, spread over threads. A trial has a store, memory and optimizer of its own, and everything
/// random in it follows from the seed, the report's name and the trial's number: results are equal bit for
/// bit at any number of threads, and the experiments of a report meet the same data.
ReportOutcome run(const Report& report, const RunOptions& options);

}  // namespace tapedeck::reports
