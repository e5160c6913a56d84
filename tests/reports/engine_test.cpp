// How experiments are run.

#include "reports/engine.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "reports/fixtures.hpp"
#include "tapedeck/core/error.hpp"

namespace rep = tapedeck::reports;
namespace td = tapedeck;
using rep::Metric;
using test::same_results;
using test::tiny_experiment;
using test::tiny_report;

BOOST_AUTO_TEST_SUITE(reports)
BOOST_AUTO_TEST_SUITE(engine)

BOOST_AUTO_TEST_CASE(threads_do_not_change_results) {
  const auto with = [](td::Index threads) {
    const test::Threads for_now(threads);
    return rep::run(tiny_report(), {});
  };
  const rep::ReportOutcome alone = with(1);
  for (const td::Index threads : {2U, 7U}) BOOST_TEST(same_results(alone, with(threads)));
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

BOOST_AUTO_TEST_CASE(the_experiments_of_a_report_meet_the_same_data) {
  rep::Report report = tiny_report();
  for (rep::Experiment& experiment : report.experiments) {
    experiment.optimizer = rep::sgd(0);  // what is measured are the data and the initial weights
    experiment.network = {rep::linear(1)};
    experiment.probe = std::nullopt;
  }
  const rep::ReportOutcome outcome = rep::run(report, {});
  for (td::Index trial = 0; trial < 3; ++trial) {
    BOOST_TEST((outcome.outcomes[0].trials[trial].measured == outcome.outcomes[1].trials[trial].measured));
  }
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
  const std::vector<rep::Point> of_one = outcome.outcomes[0].curve_of_trial(1, Metric::test_loss);
  BOOST_TEST(of_one[2].figure.mean == outcome.outcomes[0].trials[1].measured[2][3]);
  BOOST_TEST(of_one[2].figure.count == 1);
}

BOOST_AUTO_TEST_CASE(a_diverged_trial_is_counted_and_does_not_stop_the_others) {
  rep::Report report = tiny_report();
  report.experiments = {tiny_experiment("explosive", 1e30), tiny_experiment("fast", 0.1)};
  const rep::ReportOutcome outcome = rep::run(report, {});
  BOOST_TEST(outcome.outcomes[0].diverged() == 3);
  BOOST_TEST(!outcome.outcomes[0].at_end(Metric::test_accuracy).has_value());
  BOOST_TEST(outcome.outcomes[0].curve(Metric::test_accuracy).empty());
  BOOST_TEST(outcome.outcomes[0].curve_of_trial(0, Metric::test_accuracy).empty());
  BOOST_TEST(outcome.outcomes[0].trials[0].before.has_value());
  BOOST_TEST(!outcome.outcomes[0].trials[0].after.has_value());
  BOOST_TEST(outcome.outcomes[1].diverged() == 0);
}

BOOST_AUTO_TEST_CASE(divergence_by_hand_is_noticed_too) {
  rep::Report report = tiny_report();
  report.experiments = {tiny_experiment("explosive", 1e30)};
  report.experiments[0].loop = rep::Loop::by_hand;
  BOOST_TEST(rep::run(report, {}).outcomes[0].diverged() == 3);
}

BOOST_AUTO_TEST_CASE(other_errors_pass_through) {
  rep::Report report = tiny_report();
  report.experiments[0].targets = rep::one_per_class();  // for a network of one output
  for (const td::Index threads : {1U, 2U}) {
    const test::Threads for_now(threads);
    BOOST_CHECK_THROW(rep::run(report, {}), td::ShapeError);
  }
}

BOOST_AUTO_TEST_CASE(the_loop_by_hand_gives_the_bits_of_the_trainer) {
  for (const bool shuffled : {false, true}) {
    rep::Report report = tiny_report();
    report.experiments = {tiny_experiment("trainer", 0.1), tiny_experiment("by hand", 0.1)};
    report.experiments[1].loop = rep::Loop::by_hand;
    for (rep::Experiment& experiment : report.experiments) {
      experiment.shuffled = shuffled;
      experiment.network.insert(experiment.network.begin() + 2, rep::dropout(0.5));
      experiment.batch_size = 25;  // the last batch is smaller
    }
    const rep::ReportOutcome outcome = rep::run(report, {});
    for (td::Index trial = 0; trial < 3; ++trial) {
      BOOST_TEST(
          (outcome.of("trainer").trials[trial].measured == outcome.of("by hand").trials[trial].measured));
    }
  }
}

BOOST_AUTO_TEST_CASE(dropout_is_at_work_in_a_loss_measured_in_train_mode_and_changes_no_training) {
  rep::Report report = tiny_report();
  report.experiments = {tiny_experiment("quiet", 0), tiny_experiment("at work", 0)};
  for (rep::Experiment& experiment : report.experiments) {
    experiment.network = {rep::linear(5), rep::relu(), rep::dropout(0.5), rep::linear(1)};
    experiment.measure_every = 1;
  }
  report.experiments[1].measured_in = td::train;
  const rep::ReportOutcome outcome = rep::run(report, {});
  const auto loss = [&](const std::string& setting, std::size_t row) {
    return outcome.of(setting).trials[0].measured[row][static_cast<std::size_t>(Metric::test_loss)];
  };
  // Nothing is trained: the loss stays, but for the masks, which are drawn anew for every epoch.
  BOOST_TEST(loss("quiet", 0) == loss("quiet", 4));
  BOOST_TEST(loss("at work", 0) != loss("at work", 4));
  BOOST_TEST(loss("at work", 0) != loss("quiet", 0));
  for (rep::Experiment& experiment : report.experiments) experiment.optimizer = rep::sgd(0.1);
  const rep::ReportOutcome trained = rep::run(report, {.trials = 1});
  BOOST_TEST(arma::approx_equal(trained.of("quiet").trials[0].picture->grid,
                                trained.of("at work").trials[0].picture->grid, "absdiff", 0));
}

BOOST_AUTO_TEST_CASE(a_measured_loss_may_be_another_than_the_one_trained_on) {
  rep::Report report = tiny_report();
  report.experiments = {tiny_experiment("mean", 0.1), tiny_experiment("measured as a sum", 0.1)};
  report.experiments[1].measured_loss = rep::mse_loss(td::Reduction::batch_sum);
  const rep::ReportOutcome outcome = rep::run(report, {});
  const rep::Measures& mean = outcome.outcomes[0].trials[0].measured.back();
  const rep::Measures& sum = outcome.outcomes[1].trials[0].measured.back();
  BOOST_TEST(sum[0] == mean[0]);
  BOOST_TEST(sum[2] / 60 == mean[2], boost::test_tools::tolerance(1e-6));  // float sums of 60 terms
  BOOST_TEST(sum[3] / 40 == mean[3], boost::test_tools::tolerance(1e-6));
}

BOOST_AUTO_TEST_CASE(standardized_inputs_have_mean_0_and_deviation_1_and_maps_are_of_the_square) {
  rep::Report report = tiny_report();
  report.experiments = {tiny_experiment("plain", 0.1), tiny_experiment("standardized", 0.1)};
  report.experiments[1].standardized = true;
  for (rep::Experiment& experiment : report.experiments) {
    experiment.network = {rep::linear(1)};
    experiment.probe = rep::Probe{.input_of = 1, .gradient_of = 1};
  }
  const rep::ReportOutcome outcome = rep::run(report, {});
  const td::Matrix<double> input = outcome.of("standardized").trials[0].before->input;
  BOOST_TEST(input.n_cols == 60);
  BOOST_TEST(arma::abs(arma::mean(input, 1)).max() < 1e-6);  // rounded to float
  BOOST_TEST(arma::abs(arma::stddev(input, 1, 1) - 1).max() < 1e-6);
  const td::Matrix<double> plain = outcome.of("plain").trials[0].before->input;
  BOOST_TEST(plain.min() >= 0);
  BOOST_TEST(plain.max() < 1);
  for (const std::string setting : {"plain", "standardized"}) {
    const td::Matrix<double>& wrong = outcome.of(setting).trials[0].picture->wrong;
    BOOST_TEST(wrong.n_cols > 0);
    BOOST_TEST(wrong.min() > -1e-6);
    BOOST_TEST(wrong.max() < 1 + 1e-6);
  }
}

BOOST_AUTO_TEST_CASE(a_probe_sees_the_layer_and_the_gradient_that_it_names) {
  rep::Report report = tiny_report();
  report.experiments = {tiny_experiment("one", 0.1)};
  report.experiments[0].network = {rep::linear(5), rep::tanh(), rep::linear(3), rep::sigmoid(),
                                   rep::linear(1)};
  report.experiments[0].probe = rep::Probe{.input_of = 3, .gradient_of = 2};
  const rep::Trial trial = rep::run(report, {.trials = 1}).outcomes[0].trials[0];
  for (const auto& sight : {trial.before, trial.after}) {
    BOOST_TEST(sight->input.n_rows == 3);
    BOOST_TEST(sight->input.n_cols == 60);
    BOOST_TEST(sight->input.min() > 0);  // behind a sigmoid
    BOOST_TEST(sight->input.max() < 1);
    BOOST_TEST(sight->gradient.n_rows == 3);
    BOOST_TEST(sight->gradient.n_cols == 5);
  }
  BOOST_TEST(!arma::approx_equal(trial.before->input, trial.after->input, "absdiff", 0));
  report.experiments[0].probe = std::nullopt;
  BOOST_TEST((rep::run(report, {.trials = 1}).outcomes[0].trials[0].measured == trial.measured));
}

BOOST_AUTO_TEST_CASE(a_map_is_of_class_1) {
  rep::Report report = tiny_report();
  report.experiments = {tiny_experiment("two outputs", 0)};
  report.experiments[0].network = {rep::linear(25), rep::tanh(), rep::linear(2)};
  report.experiments[0].targets = rep::one_per_class();
  report.experiments[0].optimizer = rep::adam(0.01);
  report.experiments[0].epochs = 300;
  report.experiments[0].probe = std::nullopt;
  const rep::Picture picture = rep::run(report, {.trials = 1}).outcomes[0].trials[0].picture.value();
  BOOST_TEST(picture.grid(32, 32) > 0.5);  // the middle of the disk
  BOOST_TEST(picture.grid(0, 0) < 0.5);
  BOOST_TEST(picture.grid(64, 64) < 0.5);
}

BOOST_AUTO_TEST_CASE(each_report_runs) {
  for (rep::Report& report : rep::all_reports()) {
    for (rep::Experiment& experiment : report.experiments) experiment.epochs = 2;
    const rep::ReportOutcome outcome = rep::run(report, {.trials = 1});
    BOOST_TEST(outcome.outcomes.size() == report.experiments.size());
    for (const rep::Outcome& one : outcome.outcomes) {
      BOOST_TEST((one.diverged() == 1 || one.at_end(Metric::test_loss).has_value()), one.experiment.setting);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
