#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "reports/all.hpp"
#include "reports/engine.hpp"
#include "reports/page.hpp"
#include "reports/program.hpp"
#include "reports/progress.hpp"
#include "reports/tables.hpp"
#include "support/complaint.hpp"
#include "support/folders.hpp"
#include "support/temporary_folder.hpp"
#include "tapedeck/core/error.hpp"
#include "tapedeck/data/synthetic.hpp"
#include "tapedeck/layers/loss.hpp"
#include "tapedeck/optim/sgd.hpp"

namespace td = tapedeck;
namespace rep = tapedeck::reports;
using rep::Metric;
using test::contains;

namespace {

rep::Experiment tiny_experiment(const std::string& setting, double learning_rate) {
  return {
      .item = "Table 1",
      .setting = setting,
      .data = td::disk,
      .train_samples = 60,
      .test_samples = 40,
      .network = {rep::linear(5), rep::relu(), rep::batch_norm(), rep::linear(1)},
      .targets = rep::zero_or_one(),
      .loss = td::MSELoss{td::batch_mean},
      .optimizer = rep::optimizer<td::SGD>({.learning_rate = learning_rate}),
      .batch_size = 20,
      .epochs = 5,
      .measure_every = 2,
      .trials = 3,
      .printed = {{Metric::test_accuracy, {0.5, 0.25}}, {Metric::seconds, {60}}},
  };
}

rep::Report tiny_report() {
  return {.name = "R9",
          .title = "Small <&>",
          .authors = "Nobody",
          .setting = "Few points",
          .readings = {"1 < 2"},
          .experiments = {tiny_experiment("slow, \"steady\"", 0.01), tiny_experiment("fast", 0.1)},
          .figures = {{rep::Curves{"Loss", rep::Curves::Of::loss, "fast"},
                       rep::Curves{"Accuracy", rep::Curves::Of::accuracy, "slow, \"steady\""}},
                      {rep::PredictionMap{"Map", "fast"}}}};
}

/// Layers by their descriptions, joined by " | ".
std::string layers(const rep::Experiment& experiment) {
  td::ParameterStore store;
  const td::Sequential model = rep::make(experiment.network, store, 2);
  std::string all;
  for (td::Index i = 0; i < model.size(); ++i) all += (i == 0 ? "" : " | ") + model[i].describe();
  return all;
}

/// The learning rates of all epochs.
std::vector<double> rates(const rep::Experiment& experiment) {
  td::ParameterStore store;
  rep::make(experiment.network, store, 2);
  const auto optimizer = experiment.optimizer(store);
  const auto end_of_epoch = experiment.schedule(*optimizer);
  std::vector<double> all;
  for (td::Index epoch = 0; epoch < experiment.epochs; ++epoch) {
    all.push_back(optimizer->learning_rate());
    end_of_epoch();
  }
  return all;
}

/// The loss of outputs (2, 1) twice with targets 0: 10 / 2 as a mean over the batch, 10 / 4 over elements.
double loss_of_two_samples(const rep::Experiment& experiment) {
  td::ParameterStore store;
  td::Memory memory;
  td::Tape tape(store, memory, td::evaluate);
  const td::Matrix<float> outputs = {{2, 2}, {1, 1}};
  const td::Matrix<float> targets(2, 2, arma::fill::zeros);
  return experiment.loss(tape.input(outputs), targets).item();
}

const rep::Experiment& named(const rep::Report& report, const std::string& setting) {
  return *std::find_if(report.experiments.begin(), report.experiments.end(),
                       [&](const rep::Experiment& e) { return e.setting == setting; });
}

bool same_results(const rep::ReportOutcome& a, const rep::ReportOutcome& b) {
  return std::equal(a.outcomes.begin(), a.outcomes.end(), b.outcomes.begin(), b.outcomes.end(),
                    [](const rep::Outcome& x, const rep::Outcome& y) {
                      return std::equal(x.trials.begin(), x.trials.end(), y.trials.begin(), y.trials.end(),
                                        [](const rep::Trial& s, const rep::Trial& t) {
                                          return s.measured == t.measured && s.diverged == t.diverged;
                                        });
                    });
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// All but the times.
std::string without_seconds(const std::string& csv) {
  std::string rest;
  for (const std::string& line : lines_of(csv)) {
    if (!contains(line, ",seconds,")) rest += line + "\n";
  }
  return rest;
}

std::string content_of(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

bool page_is_sound(const std::filesystem::path& page) {
  const std::string checker = test::source_dir + std::string("/tests/reports/check_page.py");
  return std::system(("python3 '" + checker + "' '" + page.string() + "'").c_str()) == 0;
}

struct ProgramRun {
  int code;
  std::string out;
  std::string err;
};

ProgramRun program(const std::vector<std::string>& arguments) {
  std::ostringstream out;
  std::ostringstream err;
  const int code = rep::run_program(arguments, out, err, false);
  return {code, out.str(), err.str()};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(reports)

BOOST_AUTO_TEST_CASE(r2_has_the_printed_settings) {
  const rep::Report report = rep::r2();
  const auto network = [](const std::string& a, const std::string& b, const std::string& c) {
    return "Linear(2 -> 25) | " + a + " | Linear(25 -> 25) | " + b + " | Linear(25 -> 25) | " + c +
           " | Linear(25 -> 1)";
  };
  BOOST_TEST(layers(named(report, "model 1")) == network("ReLU", "ReLU", "ReLU"));
  BOOST_TEST(layers(named(report, "model 2")) == network("Tanh", "Tanh", "Tanh"));
  BOOST_TEST(layers(named(report, "model 3")) == network("Tanh", "Sigmoid", "Sigmoid"));
  for (const std::string setting : {"model 1", "model 2", "model 3"}) {
    const rep::Experiment& experiment = named(report, setting);
    BOOST_TEST(experiment.item == "Table 1");
    BOOST_TEST(experiment.epochs == 250);
    BOOST_TEST(experiment.batch_size == 50);
    BOOST_TEST(experiment.train_samples == 1000);
    BOOST_TEST(experiment.test_samples == 1000);
    BOOST_TEST(loss_of_two_samples(experiment) == 5);
    const std::vector<double> rate = rates(experiment);
    BOOST_TEST(rate[0] == 0.1);
    BOOST_TEST(rate[99] == 0.1);
    BOOST_TEST(rate[100] == 0.03);
    BOOST_TEST(rate[174] == 0.03);
    BOOST_TEST(rate[175] == 0.01);
    BOOST_TEST(rate[249] == 0.01);
  }
  const auto printed = [&](const std::string& setting, Metric metric) {
    return named(report, setting).printed.at(metric).mean;
  };
  BOOST_TEST(printed("model 1", Metric::train_accuracy) == 0.989);
  BOOST_TEST(printed("model 1", Metric::test_accuracy) == 0.978);
  BOOST_TEST(printed("model 2", Metric::train_accuracy) == 0.968);
  BOOST_TEST(printed("model 2", Metric::test_accuracy) == 0.959);
  BOOST_TEST(printed("model 3", Metric::train_accuracy) == 0.51);
  BOOST_TEST(printed("model 3", Metric::test_accuracy) == 0.517);
  BOOST_TEST(printed("model 1", Metric::seconds) == 54, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(printed("model 2", Metric::seconds) == 47.4, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(printed("model 3", Metric::seconds) == 42, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(r2_trains_its_third_model_for_longer_at_printed_and_at_constant_rates) {
  const rep::Report report = rep::r2();
  const std::vector<double> printed = rates(named(report, "model 3, 1400 epochs"));
  BOOST_TEST(printed.size() == 1400);
  BOOST_TEST(printed.back() == 0.01);
  const std::vector<double> constant = rates(named(report, "model 3, 1400 epochs, constant rate"));
  BOOST_TEST(constant.size() == 1400);
  BOOST_TEST(constant.back() == 0.1);
}

BOOST_AUTO_TEST_CASE(r3_has_the_printed_settings) {
  const rep::Report report = rep::r3();
  BOOST_TEST(report.experiments.size() == 2);
  for (const rep::Experiment& experiment : report.experiments) {
    BOOST_TEST(layers(experiment) ==
               "Linear(2 -> 25) | ReLU | BatchNorm(25) | Linear(25 -> 25) | ReLU | BatchNorm(25) | "
               "Linear(25 -> 25) | ReLU | BatchNorm(25) | Linear(25 -> 2)");
    BOOST_TEST(experiment.epochs == 50);
    BOOST_TEST(experiment.batch_size == 500);
    BOOST_TEST(experiment.trials == 20);
    BOOST_TEST(experiment.train_samples == 1000);
    BOOST_TEST(rates(experiment).front() == 0.06);
    BOOST_TEST(rates(experiment).back() == 0.06);
  }
  const rep::Printed own = report.experiments[0].printed.at(Metric::test_accuracy);
  BOOST_TEST(own.mean == 0.9364);
  BOOST_TEST(own.deviation.value() == 0.0287);
  const rep::Printed pytorch = report.experiments[1].printed.at(Metric::test_accuracy);
  BOOST_TEST(pytorch.mean == 0.9604);
  BOOST_TEST(pytorch.deviation.value() == 0.0096);
}

BOOST_AUTO_TEST_CASE(r3_is_read_in_two_ways) {
  const rep::Report report = rep::r3();
  BOOST_TEST(loss_of_two_samples(report.experiments[0]) == 5);
  BOOST_TEST(loss_of_two_samples(report.experiments[1]) == 2.5);
  const auto second_weight = [](const rep::Experiment& experiment) {
    td::ParameterStore store({.seed = 1});
    rep::make(experiment.network, store, 2);
    return td::Matrix<float>(store.parameter("layer_4.weight").value<float>());
  };
  BOOST_TEST(std::abs(arma::stddev(arma::vectorise(second_weight(report.experiments[0]))) - 1) < 0.1);
  BOOST_TEST(arma::abs(second_weight(report.experiments[1])).max() <= 0.2f);
}

BOOST_AUTO_TEST_CASE(descriptions_are_consistent) {
  for (const rep::Report& report : rep::all_reports()) {
    std::set<std::string> settings;
    for (const rep::Experiment& experiment : report.experiments) {
      BOOST_TEST(settings.insert(experiment.setting).second, experiment.setting << " is there twice");
    }
    for (const auto& row : report.figures) {
      for (const rep::Figure& figure : row) {
        const std::string setting = std::visit([](const auto& f) { return f.setting; }, figure);
        BOOST_TEST(settings.contains(setting), "no " << setting << " to draw");
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(threads_do_not_change_results) {
  const rep::ReportOutcome alone = rep::run(tiny_report(), {.threads = 1});
  for (const unsigned threads : {2U, 7U}) {
    const rep::ReportOutcome together = rep::run(tiny_report(), {.threads = threads});
    BOOST_TEST(same_results(alone, together));
    BOOST_TEST(without_seconds(rep::summary_csv({alone})) == without_seconds(rep::summary_csv({together})));
    BOOST_TEST(arma::approx_equal(alone.outcomes[0].picture->grid, together.outcomes[0].picture->grid,
                                  "absdiff", 0));
  }
}

BOOST_AUTO_TEST_CASE(trials_differ_and_follow_the_seed) {
  const rep::ReportOutcome one = rep::run(tiny_report(), {.trials = 2, .seed = 1});
  BOOST_TEST((one.outcomes[0].trials[0].measured != one.outcomes[0].trials[1].measured));
  BOOST_TEST(!same_results(one, rep::run(tiny_report(), {.trials = 2, .seed = 2})));
  rep::Report other_name = tiny_report();
  other_name.name = "R8";
  BOOST_TEST(!same_results(one, rep::run(other_name, {.trials = 2, .seed = 1})));
}

BOOST_AUTO_TEST_CASE(a_trial_does_not_depend_on_what_else_is_run) {
  const rep::ReportOutcome few = rep::run(tiny_report(), {.trials = 1});
  const rep::ReportOutcome more = rep::run(tiny_report(), {.trials = 2});
  rep::Report last_only = tiny_report();
  last_only.experiments.erase(last_only.experiments.begin());
  const rep::ReportOutcome alone = rep::run(last_only, {.trials = 1});
  BOOST_TEST((few.outcomes[1].trials[0].measured == more.outcomes[1].trials[0].measured));
  BOOST_TEST((few.outcomes[1].trials[0].measured == alone.outcomes[0].trials[0].measured));
}

BOOST_AUTO_TEST_CASE(curves_are_measured_every_so_many_epochs_and_at_the_end) {
  const rep::ReportOutcome outcome = rep::run(tiny_report(), {});
  const std::vector<rep::Point> curve = outcome.outcomes[0].curve(Metric::test_loss);
  BOOST_TEST(curve.size() == 3);
  BOOST_TEST(curve[0].epoch == 2);
  BOOST_TEST(curve[1].epoch == 4);
  BOOST_TEST(curve[2].epoch == 5);
  BOOST_TEST(curve[2].figure.mean == outcome.outcomes[0].at_end(Metric::test_loss)->mean);
  BOOST_TEST(curve[2].figure.count == 3);
}

BOOST_AUTO_TEST_CASE(a_diverged_trial_is_counted_and_does_not_stop_the_others) {
  rep::Report report = tiny_report();
  report.experiments = {tiny_experiment("explosive", 1e30), tiny_experiment("fast", 0.1)};
  report.figures = {{rep::Curves{"Loss", rep::Curves::Of::loss, "explosive"},
                     rep::PredictionMap{"Map", "explosive"},
                     rep::Curves{"Loss", rep::Curves::Of::loss, "fast"}}};
  const rep::ReportOutcome outcome = rep::run(report, {});
  BOOST_TEST(outcome.outcomes[0].diverged() == 3);
  BOOST_TEST(!outcome.outcomes[0].at_end(Metric::test_accuracy).has_value());
  BOOST_TEST(outcome.outcomes[0].curve(Metric::test_accuracy).empty());
  BOOST_TEST(outcome.outcomes[1].diverged() == 0);
  BOOST_TEST(contains(rep::text_table({outcome}), "3 trials, 3 diverged"));
  BOOST_TEST(contains(rep::summary_csv({outcome}), "R9,Table 1,explosive,test_accuracy,,,0,0.5,0.25\n"));
  const std::string page = rep::page({outcome}, "command");
  BOOST_TEST(contains(page, "3 trials, 3 diverged"));
  BOOST_TEST(contains(page, "Nothing to draw"));
}

BOOST_AUTO_TEST_CASE(other_errors_pass_through) {
  rep::Report report = tiny_report();
  report.experiments[0].targets = rep::one_per_class(2);  // for a network of one output
  for (const unsigned threads : {1U, 2U}) {
    BOOST_CHECK_THROW(rep::run(report, {.threads = threads}), td::ShapeError);
  }
}

BOOST_AUTO_TEST_CASE(the_summary_has_a_line_for_each_experiment_and_metric) {
  const rep::ReportOutcome outcome = rep::run(tiny_report(), {.trials = 2});
  const std::vector<std::string> lines = lines_of(rep::summary_csv({outcome}));
  BOOST_TEST(lines.size() == 1 + 2 * 5);
  BOOST_TEST(lines[0] == "report,item,setting,metric,mean,std,trials,printed_mean,printed_std");
  BOOST_TEST(lines[1].starts_with("R9,Table 1,\"slow, \"\"steady\"\"\",train_accuracy,0."));
  BOOST_TEST(lines[1].ends_with(",2,,"));
  BOOST_TEST(lines[7].starts_with("R9,Table 1,fast,test_accuracy,0."));
  BOOST_TEST(lines[7].ends_with(",2,0.5,0.25"));
  BOOST_TEST(lines[10].starts_with("R9,Table 1,fast,seconds,"));
  BOOST_TEST(lines[10].ends_with(",2,60,"));
}

BOOST_AUTO_TEST_CASE(the_page_is_sound) {
  const test::TemporaryFolder folder;
  const std::filesystem::path file = folder.path / "index.html";
  std::ofstream(file) << rep::page({rep::run(tiny_report(), {})}, "bench/run --seed 1");
  BOOST_TEST(page_is_sound(file));
  const std::string html = content_of(file);
  BOOST_TEST(contains(html, "<h2>R9: Small &lt;&amp;&gt;</h2>"));
  BOOST_TEST(contains(html, "bench/run --seed 1 --only R9"));
  BOOST_TEST(contains(html, "0.5000 ±&nbsp;0.2500"));
  BOOST_TEST(contains(html, "Linear(2→5), ReLU, BatchNorm(5), Linear(5→1)"));
}

BOOST_AUTO_TEST_CASE(a_figure_of_an_unknown_setting_is_refused) {
  rep::Report report = tiny_report();
  report.figures = {{rep::PredictionMap{"Map", "lost"}}};
  BOOST_CHECK_THROW(rep::page({rep::run(report, {.trials = 1})}, ""), std::logic_error);
}

BOOST_AUTO_TEST_CASE(progress_is_a_line_for_each_experiment_or_one_written_over) {
  const rep::Report report = tiny_report();
  std::ostringstream lines;
  std::ostringstream terminal;
  {
    rep::Progress to_file(lines, false, report, 2);
    rep::Progress to_terminal(terminal, true, report, 2);
    for (const auto& experiment : {report.experiments[1], report.experiments[1], report.experiments[0]}) {
      to_file.trial_finished(experiment);
      to_terminal.trial_finished(experiment);
    }
  }
  BOOST_TEST(lines.str() == "R9: fast is finished\n");
  BOOST_TEST(contains(terminal.str(), "\rR9: 3 of 4 trials") == false);
  BOOST_TEST(contains(terminal.str(), "R9: 3 of 4 trials"));
  BOOST_TEST(terminal.str().ends_with("\r\33[K"));
}

BOOST_AUTO_TEST_CASE(bad_options_are_refused) {
  const auto refused = [](const std::vector<std::string>& arguments, const std::string& part) {
    const ProgramRun result = program(arguments);
    BOOST_TEST(result.code == 2);
    BOOST_TEST(result.out.empty());
    BOOST_TEST(contains(result.err, part), result.err << " does not say " << part);
  };
  refused({"--only", "R7"}, "R7 not in {R2,R3}");
  refused({"--only", "R2,R7"}, "R7 not in {R2,R3}");
  refused({"--trials", "0"}, "0 not in range");
  refused({"--trials", "-3"}, "--trials");
  refused({"--trials", "many"}, "--trials");
  refused({"--threads", "0"}, "0 not in range");
  refused({"--seed", "-1"}, "--seed");
  refused({"--seed"}, "--seed");
  refused({"--colour"}, "--colour");
  refused({"R2"}, "R2");
}

BOOST_AUTO_TEST_CASE(a_folder_that_cannot_be_made_is_told) {
  const test::TemporaryFolder folder;
  std::ofstream(folder.path / "file") << "in the way";
  const ProgramRun result =
      program({"--only", "R3", "--trials", "1", "--out", (folder.path / "file" / "x").string()});
  BOOST_TEST(result.code == 1);
  BOOST_TEST(result.err.starts_with("bench/run: "));
}

BOOST_AUTO_TEST_CASE(help_and_list_go_to_standard_output) {
  const ProgramRun help = program({"--help"});
  BOOST_TEST(help.code == 0);
  for (const char* option : {"--list", "--only", "--trials", "--seed", "--threads", "--out"}) {
    BOOST_TEST(contains(help.out, option));
  }
  const ProgramRun list = program({"--list"});
  BOOST_TEST(list.code == 0);
  BOOST_TEST(list.err.empty());
  BOOST_TEST(contains(list.out, "R2  Mini Deep Learning Framework without Autograd\n"));
  BOOST_TEST(contains(list.out, "    Table 1, model 1: 250 epochs, 20 trials\n"));
  BOOST_TEST(contains(list.out, "R3  "));
}

BOOST_AUTO_TEST_CASE(threads_do_not_change_what_the_program_writes) {
  const test::TemporaryFolder folder;
  std::vector<std::string> summaries;
  for (const std::string threads : {"1", "2"}) {
    const std::filesystem::path out = folder.path / threads;
    const ProgramRun result = program(
        {"--only", "R3", "--trials", "2", "--threads", threads, "--seed", "3", "--out", out.string()});
    BOOST_TEST(result.code == 0);
    BOOST_TEST(result.out.starts_with("R3: "));
    BOOST_TEST(contains(result.err, "R3: normal weights, mean over the batch is finished\n"));
    BOOST_TEST(page_is_sound(out / "index.html"));
    summaries.push_back(without_seconds(content_of(out / "summary.csv")));
  }
  BOOST_TEST(lines_of(summaries[0]).size() == 1 + 2 * 4);
  BOOST_TEST(summaries[0] == summaries[1]);
}

BOOST_AUTO_TEST_SUITE_END()
