// How claims are decided.

#include "reports/claims.hpp"

#include <boost/test/unit_test.hpp>
#include <optional>
#include <string>
#include <vector>

#include "reports/fixtures.hpp"

namespace rep = tapedeck::reports;
namespace td = tapedeck;
using rep::Metric;
using rep::Verdict;
using test::contains;

BOOST_TEST_DONT_PRINT_LOG_VALUE(rep::Verdict)

BOOST_AUTO_TEST_SUITE(reports)
BOOST_AUTO_TEST_SUITE(claims)

namespace {

using Scores = std::vector<std::optional<double>>;

/// An outcome with these test accuracies for each setting; NaN for a trial that diverged.
rep::ReportOutcome outcome_of(const std::vector<std::pair<std::string, std::vector<double>>>& accuracies) {
  rep::ReportOutcome outcome{.report = test::tiny_report(), .seed = 1};
  for (const auto& [setting, values] : accuracies) {
    rep::Outcome one{.experiment = test::tiny_experiment(setting, 0.1), .trials = {}};
    for (const double value : values) {
      rep::Trial trial;
      trial.diverged = std::isnan(value);
      if (!trial.diverged) trial.measured.push_back({value, value, 1 - value, 1 - value, 0.1});
      one.trials.push_back(trial);
    }
    outcome.outcomes.push_back(one);
  }
  return outcome;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_difference_counts_from_two_standard_errors_on) {
  // Differences of mean d and deviation 1 in four trials: the standard error is 0.5.
  const auto verdict = [](double d) {
    const double half = std::sqrt(3.0) / 2;  // of +-half twice, with n - 1 = 3: deviation 1
    const Scores a = {d + half, d - half, d + half, d - half};
    return rep::compare(a, {0, 0, 0, 0});
  };
  BOOST_TEST(verdict(1.01) == Verdict::agrees);
  BOOST_TEST(verdict(0.99) == Verdict::undecided);
  BOOST_TEST(verdict(-0.99) == Verdict::undecided);
  BOOST_TEST(verdict(-1.01) == Verdict::differs);
}

BOOST_AUTO_TEST_CASE(trials_are_compared_in_pairs_where_both_are_there) {
  const Scores a = {0.5, std::nullopt, 0.7, 0.9};
  const Scores b = {0.4, 0.9, std::nullopt, 0.8};
  BOOST_TEST(rep::compare(a, b) == Verdict::agrees);  // 0.1 in each of two pairs
  BOOST_TEST(rep::compare({0.5}, {0.4}) == Verdict::undecided);
  BOOST_TEST(rep::compare({}, {}) == Verdict::undecided);
  BOOST_TEST(rep::spread(a)->count == 3);
  BOOST_TEST(!rep::spread({std::nullopt}).has_value());
}

BOOST_AUTO_TEST_CASE(higher_takes_settings_together) {
  const rep::ReportOutcome of = outcome_of(
      {{"a", {0.9, 0.8, 0.7}}, {"b", {0.7, 0.8, 0.9}}, {"c", {0.5, 0.5, 0.6}}, {"d", {NAN, 0.9, 0.9}}});
  const rep::Finding finding = rep::higher(Metric::test_accuracy, {"a", "b"}, {"c"})(of);
  BOOST_TEST(finding.verdict == Verdict::agrees);
  BOOST_TEST(contains(finding.figures, "0.8000 ± 0.0000 (a; b) against 0.5333 ± 0.0577 (c)"),
             finding.figures);
  BOOST_TEST(rep::higher(Metric::test_accuracy, {"c"}, {"a", "b"})(of).verdict == Verdict::differs);
  BOOST_TEST(rep::higher(Metric::test_accuracy, {"a"}, {"b"})(of).verdict == Verdict::undecided);
  BOOST_TEST(rep::scores(of, {"a", "d"}, rep::at_end(Metric::test_accuracy))[0].has_value() == false);
}

BOOST_AUTO_TEST_CASE(alike_is_less_than_the_deviation_between_trials) {
  const rep::ReportOutcome of = outcome_of({{"a", {0.8, 0.9}}, {"b", {0.85, 0.95}}, {"c", {0.95, 0.99}}});
  BOOST_TEST(rep::alike(Metric::test_accuracy, {"a"}, {"b"})(of).verdict == Verdict::agrees);
  BOOST_TEST(rep::alike(Metric::test_accuracy, {"a"}, {"c"})(of).verdict == Verdict::differs);
  BOOST_TEST(rep::alike(Metric::test_accuracy, {"a"}, {"a"})(outcome_of({{"a", {0.8}}})).verdict ==
             Verdict::undecided);
}

BOOST_AUTO_TEST_CASE(printed_figures_are_reached_with_a_margin_in_every_row_or_within_the_deviation_in_one) {
  rep::ReportOutcome of = outcome_of({{"a", {0.88, 0.88}}, {"b", {0.80, 0.80}}});
  of.report.tables = {{.item = "T",
                       .caption = "",
                       .rows = {{"a", "a", {{Metric::test_accuracy, {0.9, 0.03}}}},
                                {"b", "b", {{Metric::test_accuracy, {0.9, 0.03}}}}}}};
  const auto reaches = [&](double margin, const std::vector<std::string>& rows) {
    return rep::reaches_printed(Metric::test_accuracy, margin, "T", rows)(of).verdict;
  };
  BOOST_TEST(reaches(0.021, {"a"}) == Verdict::agrees);
  BOOST_TEST(reaches(0.019, {"a"}) == Verdict::differs);
  BOOST_TEST(reaches(0.021, {"a", "b"}) == Verdict::differs);
  BOOST_TEST(reaches(0.101, {"a", "b"}) == Verdict::agrees);
  BOOST_TEST(rep::within_printed(Metric::test_accuracy, "T", {"a", "b"})(of).verdict == Verdict::agrees);
  BOOST_TEST(rep::within_printed(Metric::test_accuracy, "T", {"b"})(of).verdict == Verdict::differs);
  BOOST_CHECK_THROW(reaches(0, {"c"}), std::logic_error);
}

BOOST_AUTO_TEST_CASE(the_worse_of_two_verdicts) {
  BOOST_TEST(rep::both(Verdict::agrees, Verdict::agrees) == Verdict::agrees);
  BOOST_TEST(rep::both(Verdict::agrees, Verdict::undecided) == Verdict::undecided);
  BOOST_TEST(rep::both(Verdict::undecided, Verdict::agrees) == Verdict::undecided);
  BOOST_TEST(rep::both(Verdict::undecided, Verdict::differs) == Verdict::differs);
}

BOOST_AUTO_TEST_CASE(a_choice_is_the_experiment_of_the_lowest_test_loss) {
  const rep::ReportOutcome of = outcome_of({{"a", {0.8, 0.9}}, {"b", {0.9, 0.95}}, {"c", {NAN, NAN}}});
  const auto chosen = [&](std::vector<std::string> settings) {
    return of.of(rep::Choice(std::move(settings))).experiment.setting;
  };
  BOOST_TEST(chosen({"a", "b", "c"}) == "b");
  BOOST_TEST(chosen({"c", "a"}) == "a");
  BOOST_TEST(chosen({"c"}) == "c");
  BOOST_CHECK_THROW(chosen({}), std::logic_error);
  BOOST_CHECK_THROW(chosen({"d"}), std::logic_error);
}

// With trials of two epochs nothing is proved; but no claim may fall over what it finds, or over divergence.
BOOST_AUTO_TEST_CASE(every_claim_of_every_report_comes_to_a_verdict) {
  for (rep::Report& report : rep::all_reports()) {
    for (rep::Experiment& experiment : report.experiments) {
      if (report.name != "R0") experiment.epochs = 2;  // some of R0's look at ten epochs after a reduction
      experiment.epochs = std::min<td::Index>(experiment.epochs, 200);
      experiment.train_samples = experiment.test_samples = 20;
      experiment.batch_size = 20;
    }
    rep::ReportOutcome outcome = rep::run(report, {.trials = 2});
    for (const bool all_diverged : {false, true}) {
      for (rep::Outcome& one : outcome.outcomes) {
        for (rep::Trial& trial : one.trials) trial.diverged = trial.diverged || all_diverged;
      }
      for (const rep::Claim& claim : report.claims) {
        const rep::Finding finding = claim.check(outcome);
        BOOST_TEST(!finding.figures.empty(), claim.text);
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
