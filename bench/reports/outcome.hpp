#pragma once

/// @file
/// What came out of a report's experiments.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reports/report.hpp"
#include "tapedeck/train/metrics.hpp"

namespace tapedeck::reports {

/// What is known at the end of an epoch; in the order of Metric.
using Measures = std::array<double, 5>;

/// What a trained network says: how much for class 1, on a grid over the unit square, and the test points
/// that it gets wrong. That is its output y, or (1 + y_1 - y_0) / 2 for two: above 0.5 where it says class 1.
struct Picture {
  static constexpr Index side = 65;
  Matrix<double> grid;   ///< side x side; element (i, j) is at x = i / (side - 1), y = j / (side - 1)
  Matrix<double> wrong;  ///< 2 x points
};

/// What a Probe saw.
struct Sight {
  Matrix<double> input;     ///< features x samples, of the first training points
  Matrix<double> gradient;  ///< [out, in], of the mean loss over all training points
};

struct Trial {
  std::vector<Measures> measured;                 ///< one for each epoch that the experiment asks for
  double seconds = 0;                             ///< of training; measuring is not counted
  bool diverged = false;                          ///< a loss or gradient was not finite: training ended there
  std::optional<Picture> picture = std::nullopt;  ///< of the first trial, unless it diverged
  std::optional<Sight> before = std::nullopt;     ///< if there is a probe
  std::optional<Sight> after = std::nullopt;      ///< if there is a probe and it did not diverge
};

/// A point of a curve. Epochs are counted from 1 here: what is measured after the first belongs to 1.
struct Point {
  Index epoch;
  MeanDeviation figure;
};

struct Outcome {
  Experiment experiment;
  std::vector<Trial> trials;

  Index diverged() const;
  /// Over the trials that did not diverge, at the end of training; nothing if all did.
  std::optional<MeanDeviation> at_end(Metric metric) const;
  /// The same over the epochs that were measured.
  std::vector<Point> curve(Metric metric) const;
  /// One trial's; nothing if it diverged.
  std::vector<Point> curve_of_trial(Index trial, Metric metric) const;
};

struct ReportOutcome {
  Report report;
  std::uint64_t seed;
  std::vector<Outcome> outcomes = {};  ///< in the order of the report's experiments
  double seconds = 0;                  ///< that it took to train and measure what was not there yet
  Index steps = 0;                     ///< of optimizers, in these seconds
  Index found = 0;                     ///< trials that were there already

  /// The one with the lowest mean test loss at the end; the first if all diverged. std::logic_error if there
  /// is no such setting.
  const Outcome& of(const Choice& choice) const;
};

/// Of what was computed; 0 if nothing was.
Index steps_per_second(const ReportOutcome& outcome);

}  // namespace tapedeck::reports
