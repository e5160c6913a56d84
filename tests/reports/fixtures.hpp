#pragma once

/// @file
/// A report that is run in milliseconds, and ways to look at reports and at what they give.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "reports/all.hpp"
#include "reports/engine.hpp"
#include "reports/program.hpp"
#include "support/complaint.hpp"
#include "support/folders.hpp"
#include "support/temporary_folder.hpp"
#include "support/threads.hpp"

namespace test {

namespace td = tapedeck;
namespace rep = tapedeck::reports;

inline rep::Experiment tiny_experiment(const std::string& setting, double learning_rate) {
  return {
      .setting = setting,
      .data = rep::disk_data(),
      .train_samples = 60,
      .test_samples = 40,
      .network = {rep::linear(5), rep::relu(), rep::batch_norm(), rep::linear(1)},
      .targets = rep::zero_or_one(),
      .loss = rep::mse_loss(td::batch_mean),
      .optimizer = rep::sgd(learning_rate),
      .batch_size = 20,
      .epochs = 5,
      .measure_every = 2,
      .probe = rep::Probe{.input_of = 2, .gradient_of = 1},
      .trials = 3,
  };
}

inline const std::string slow = "slow, \"steady\"";

inline rep::Report tiny_report() {
  using rep::Metric;
  return {
      .name = "R9",
      .title = "Small <&>",
      .authors = "Nobody",
      .setting = "Few points",
      .readings = {"1 < 2"},
      .experiments = {tiny_experiment(slow, 0.01), tiny_experiment("fast", 0.1)},
      .tables =
          {{.item = "Table 1",
            .caption = "both",
            .rows = {{slow, slow},
                     {"fast", "fast", {{Metric::test_accuracy, {0.5, 0.25}}, {Metric::seconds, {60}}}}}},
           {.item = "Table 2",
            .caption = "the better",
            .rows = {{"best", rep::Choice(std::vector<std::string>{slow, "fast"})}}}},
      .figures = {{rep::Curves{"Loss", {{"training", "fast", Metric::train_loss}}},
                   rep::Curves{"Accuracy", {{"test", slow, Metric::test_accuracy}}, true}},
                  {rep::PredictionMap{"Map", "fast"}, rep::Scatter{"Points", "fast"}},
                  {rep::ErrorBars{"Errors", {"only"}, {{"fast", {"fast"}, {{0.5, 0.25}}}}},
                   rep::Histograms{"Inputs",
                                   rep::Histograms::Of::layer_input,
                                   rep::Histograms::When::before_training,
                                   {{"fast", "fast"}}}}},
      .claims = {{.text = "2 > 1",
                  .check =
                      [](const rep::ReportOutcome&) -> rep::
                                                        Finding {
                                                          return {rep::Verdict::differs, "none"};
                                                        },
                  .reason = "because"}}};
}

inline const rep::Experiment& named(const rep::Report& report, const std::string& setting) {
  const auto found = std::find_if(report.experiments.begin(), report.experiments.end(),
                                  [&](const rep::Experiment& e) { return e.setting == setting; });
  if (found == report.experiments.end()) throw std::logic_error("no setting " + setting);
  return *found;
}

inline const rep::Row& row_of(const rep::Report& report, const std::string& item, const std::string& name) {
  for (const rep::Table& table : report.tables) {
    for (const rep::Row& row : table.rows) {
      if (table.item == item && row.name == name) return row;
    }
  }
  throw std::logic_error("no row " + name + " in " + item);
}

/// Layers by their descriptions, joined by " | ".
inline std::string layers(const rep::Experiment& experiment) {
  td::ParameterStore store;
  const td::Sequential model = rep::make(experiment.network, store, 2);
  std::string all;
  for (td::Index i = 0; i < model.size(); ++i) all += (i == 0 ? "" : " | ") + model[i].describe();
  return all;
}

/// Layers of 25 with these behind them, and one of so many outputs, as `layers` has them.
inline std::string three_hidden(const std::string& a, const std::string& b, const std::string& c,
                                const std::string& outputs) {
  return "Linear(2 -> 25) | " + a + " | Linear(25 -> 25) | " + b + " | Linear(25 -> 25) | " + c +
         " | Linear(25 -> " + outputs + ")";
}

/// The learning rates of all epochs, if the loss never falls.
inline std::vector<double> rates(const rep::Experiment& experiment) {
  td::ParameterStore store;
  rep::make(experiment.network, store, 2);
  const auto optimizer = experiment.optimizer.make(store);
  const auto end_of_epoch = experiment.schedule.make(*optimizer);
  std::vector<double> all;
  for (td::Index epoch = 0; epoch < experiment.epochs; ++epoch) {
    all.push_back(optimizer->learning_rate());
    end_of_epoch(1);
  }
  return all;
}

/// The loss of outputs (2, 1) twice with targets 0: 10 / 2 as a mean over the batch, 10 / 4 over elements.
inline double loss_of_two_samples(const rep::LossRecipe& loss) {
  td::ParameterStore store;
  td::Memory memory;
  td::Tape tape(store, memory, td::evaluate);
  const td::Matrix<float> outputs = {{2, 2}, {1, 1}};
  const td::Matrix<float> targets(2, 2, arma::fill::zeros);
  return loss.make()(tape.input(outputs), targets).item();
}

inline bool same_results(const rep::ReportOutcome& a, const rep::ReportOutcome& b) {
  const auto same_trials = [](const rep::Trial& s, const rep::Trial& t) {
    const auto same = [](const auto& x, const auto& y) {
      return x.has_value() == y.has_value() && (!x || arma::approx_equal(*x, *y, "absdiff", 0));
    };
    const auto input = [](const std::optional<rep::Sight>& sight) {
      return sight ? std::optional(sight->input) : std::nullopt;
    };
    const auto grid = [](const std::optional<rep::Picture>& picture) {
      return picture ? std::optional(picture->grid) : std::nullopt;
    };
    return s.measured == t.measured && s.diverged == t.diverged && same(input(s.after), input(t.after)) &&
           same(grid(s.picture), grid(t.picture));
  };
  return std::equal(a.outcomes.begin(), a.outcomes.end(), b.outcomes.begin(), b.outcomes.end(),
                    [&](const rep::Outcome& x, const rep::Outcome& y) {
                      return std::equal(x.trials.begin(), x.trials.end(), y.trials.begin(), y.trials.end(),
                                        same_trials);
                    });
}

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// All but the times.
inline std::string without_seconds(const std::string& csv) {
  std::string rest;
  for (const std::string& line : lines_of(csv)) {
    if (!contains(line, ",seconds,")) rest += line + "\n";
  }
  return rest;
}

inline std::string content_of(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

inline bool page_is_sound(const std::filesystem::path& page) {
  const std::string checker = source_dir + std::string("/tests/reports/check_page.py");
  return std::system(("python3 '" + checker + "' '" + page.string() + "'").c_str()) == 0;
}

struct ProgramRun {
  int code;
  std::string out;
  std::string err;
};

inline ProgramRun program(const std::vector<std::string>& arguments) {
  const Threads as_before(td::threads());  // the program sets them
  std::ostringstream out;
  std::ostringstream err;
  const int code = rep::run_program(arguments, out, err, false);
  return {code, out.str(), err.str()};
}

}  // namespace test
