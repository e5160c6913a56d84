#pragma once

/// @file
/// What is shown of a report: tables and figures that name its experiments, and what it claims.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "reports/experiment.hpp"

namespace tapedeck::reports {

struct ReportOutcome;

enum class Metric : std::uint8_t {
  train_accuracy,
  test_accuracy,
  train_loss,
  test_loss,
  learning_rate,  ///< that the epoch was trained with
  seconds         ///< of training, in one thread; measuring is not counted
};
/// Those that tables have.
inline constexpr Metric table_metrics[] = {Metric::train_accuracy, Metric::test_accuracy, Metric::train_loss,
                                           Metric::test_loss, Metric::seconds};

/// A figure as a report prints it. Accuracies are fractions.
struct Printed {
  double mean;
  std::optional<double> deviation = std::nullopt;
};
using PrintedFigures = std::map<Metric, Printed>;

/// Experiments by their settings, of which the one with the lowest mean test loss at the end is meant.
struct Choice {
  std::vector<std::string> settings;

  Choice(std::string setting) : settings{std::move(setting)} {}  // NOLINT(google-explicit-constructor)
  Choice(const char* setting) : settings{setting} {}             // NOLINT(google-explicit-constructor)
  explicit Choice(std::vector<std::string> of) : settings(std::move(of)) {}
};

/// Ours beside printed.
struct Row {
  std::string name;
  Choice of;
  PrintedFigures printed = {};
};

struct Table {
  std::string item;     ///< "Table 1": where the report prints its figures
  std::string caption;  ///< what else there is to say
  std::vector<Row> rows;
  bool folded = false;  ///< on the page, until somebody asks: for long ones without printed figures
};
/// A row for each experiment, under its own name, without printed figures.
std::vector<Row> rows_of(const std::vector<Experiment>& experiments);

// --- Figures.

/// A metric over the epochs: mean and one-sigma band.
struct Line {
  std::string label;
  Choice of;
  Metric metric;
};
struct Curves {
  std::string caption;
  std::vector<Line> lines;   ///< all of losses, or all of accuracies
  bool first_trial = false;  ///< shown alone: a mean hides jumps; an upright line is where a rate was reduced
};

/// Training and test loss, or accuracy, of one setting.
Curves losses(const std::string& caption, const std::string& setting);
Curves accuracies(const std::string& caption, const std::string& setting);

/// The test error at the end, mean and deviation, side by side, with the printed ones where there are any.
struct ErrorBars {
  struct Series {
    std::string label;
    std::vector<Choice> of;  ///< one for each group
    std::vector<Printed> printed_accuracies = {};
  };
  std::string caption;
  std::vector<std::string> groups;
  std::vector<Series> series;
};

/// What the probe of the first trial saw.
struct Histograms {
  enum class Of : std::uint8_t { layer_input, weight_gradient };
  enum class When : std::uint8_t { before_training, after_training };
  std::string caption;
  Of of;
  When when;
  std::vector<std::pair<std::string, std::string>> series;  ///< label, setting
};

/// What the first trial's network says all over the unit square.
struct PredictionMap {
  std::string caption;
  std::string setting;
};

/// The training points of the first trial, and where the classes meet.
struct Scatter {
  std::string caption;
  std::string setting;
};

using Figure = std::variant<Curves, ErrorBars, Histograms, PredictionMap, Scatter>;
const std::string& caption_of(const Figure& figure);

// --- Claims.

enum class Verdict : std::uint8_t { agrees, differs, undecided };

struct Finding {
  Verdict verdict;
  std::string figures;  ///< that it rests on
};

/// Something that a report says, and how it is looked for in what was found.
struct Claim {
  std::string text;
  std::function<Finding(const ReportOutcome&)> check;
  std::string reason = {};  ///< why it may be otherwise; shown unless it agrees
};

struct Report {
  std::string name;  ///< "R2"
  std::string title;
  std::string authors;
  std::string setting;                ///< what was done, in words
  std::vector<std::string> readings;  ///< what was chosen where the report is silent, or misprinted
  std::vector<Experiment> experiments;
  std::vector<Table> tables;                 ///< every experiment is in one of them
  std::vector<std::vector<Figure>> figures;  ///< in rows
  std::vector<Claim> claims;
};

/// "train_accuracy".
std::string name_of(Metric metric);

}  // namespace tapedeck::reports
