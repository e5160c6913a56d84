// Tables, files and the page that are made of what was found.

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "reports/fixtures.hpp"
#include "reports/page.hpp"
#include "reports/progress.hpp"
#include "reports/tables.hpp"
#include "reports/text.hpp"

namespace rep = tapedeck::reports;
namespace td = tapedeck;
using rep::Metric;
using test::contains;
using test::lines_of;
using test::tiny_experiment;
using test::tiny_report;

BOOST_AUTO_TEST_SUITE(reports)
BOOST_AUTO_TEST_SUITE(results)

namespace {

const rep::RunFacts facts = {.command = "bench/run --seed 1", .machine = "2 threads", .date = "today"};

/// One experiment that trains and one that diverges, in all kinds of figures.
rep::Report with_an_explosion() {
  rep::Report report = tiny_report();
  report.experiments = {tiny_experiment("explosive", 1e30), tiny_experiment("fast", 0.1)};
  report.tables = {
      {.item = "Table 1",
       .caption = "",
       .rows = {{"explosive", "explosive", {{Metric::test_accuracy, {0.5, 0.25}}}}, {"fast", "fast"}}}};
  report.figures = {{rep::Curves{"Loss", {{"training", "explosive", Metric::train_loss}}},
                     rep::PredictionMap{"Map", "explosive"},
                     rep::ErrorBars{"Errors", {"only"}, {{"none", {"explosive"}}}},
                     rep::Histograms{"Inputs",
                                     rep::Histograms::Of::layer_input,
                                     rep::Histograms::When::after_training,
                                     {{"none", "explosive"}}},
                     rep::Curves{"Loss", {{"training", "fast", Metric::train_loss}}}}};
  return report;
}

td::Index count(const std::string& text, const std::string& part) {
  td::Index n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_summary_has_a_line_for_each_row_and_metric) {
  const rep::ReportOutcome outcome = rep::run(tiny_report(), {.trials = 2});
  const std::vector<std::string> lines = lines_of(rep::summary_csv({outcome}));
  BOOST_TEST(lines.size() == 1 + 3 * 5);
  BOOST_TEST(lines[0] == "report,item,setting,metric,mean,std,trials,printed_mean,printed_std");
  BOOST_TEST(lines[1].starts_with("R9,Table 1,\"slow, \"\"steady\"\"\",train_accuracy,0."));
  BOOST_TEST(lines[1].ends_with(",2,,"));
  BOOST_TEST(lines[7].starts_with("R9,Table 1,fast,test_accuracy,0."));
  BOOST_TEST(lines[7].ends_with(",2,0.5,0.25"));
  BOOST_TEST(lines[10].starts_with("R9,Table 1,fast,seconds,"));
  BOOST_TEST(lines[10].ends_with(",2,60,"));
  const std::string best = outcome.of(outcome.report.tables[1].rows[0].of).experiment.setting;
  BOOST_TEST(best == "fast");
  BOOST_TEST(lines[11].starts_with("R9,Table 2,fast,train_accuracy,0."));
}

BOOST_AUTO_TEST_CASE(the_summary_holds_every_printed_figure) {
  for (rep::Report& report : rep::all_reports()) {
    td::Index printed = 0;
    for (const rep::Table& table : report.tables) {
      for (const rep::Row& row : table.rows) printed += row.printed.size();
    }
    const td::Index wanted = report.name == "R2"   ? 9
                             : report.name == "R3" ? 2
                             : report.name == "R4" ? 128
                                                   : 0;
    BOOST_TEST(printed == wanted,
               report.name);  // R4: 14 rows in two readings, 4 rows in the third, 4 figures each
    for (rep::Experiment& experiment : report.experiments) {
      experiment.epochs = 1;
      experiment.train_samples = experiment.test_samples = 10;
    }
    const rep::ReportOutcome outcome = rep::run(report, {.trials = 1});
    td::Index with_printed = 0;
    for (const std::string& line : lines_of(rep::summary_csv({outcome}))) {
      if (!line.ends_with(",,") && !line.starts_with("report,")) ++with_printed;
    }
    BOOST_TEST(with_printed == wanted, report.name);
  }
}

BOOST_AUTO_TEST_CASE(curves_have_a_line_for_each_experiment_and_epoch) {
  const rep::ReportOutcome outcome = rep::run(tiny_report(), {.trials = 2});
  const std::vector<std::string> lines = lines_of(rep::curves_csv(outcome));
  BOOST_TEST(lines.size() == 1 + 2 * 3);
  BOOST_TEST(
      lines[0] ==
      "setting,epoch,trials,train_accuracy,train_accuracy_std,test_accuracy,test_accuracy_std,train_loss,"
      "train_loss_std,test_loss,test_loss_std,learning_rate,learning_rate_std");
  BOOST_TEST(lines[1].starts_with("\"slow, \"\"steady\"\"\",2,2,0."));
  BOOST_TEST(lines[1].ends_with(",0.01,0"));
  BOOST_TEST(lines[6].starts_with("fast,5,2,0."));
}

BOOST_AUTO_TEST_CASE(divergence_is_counted_in_tables_and_shown) {
  const rep::ReportOutcome outcome = rep::run(with_an_explosion(), {});
  BOOST_TEST(contains(rep::text_table({outcome}), "3 trials, 3 diverged"));
  BOOST_TEST(contains(rep::summary_csv({outcome}), "R9,Table 1,explosive,test_accuracy,,,0,0.5,0.25\n"));
  BOOST_TEST(!contains(rep::curves_csv(outcome), "explosive"));
  const std::string page = rep::page({outcome}, facts);
  BOOST_TEST(contains(page, "3 trials, 3 diverged"));
  BOOST_TEST(count(page, "Nothing to draw") == 4);
}

BOOST_AUTO_TEST_CASE(the_page_is_sound) {
  const test::TemporaryFolder folder;
  const std::filesystem::path file = folder.path / "index.html";
  std::ofstream(file) << rep::page({rep::run(tiny_report(), {})}, facts);
  BOOST_TEST(test::page_is_sound(file));
  const std::string html = test::content_of(file);
  BOOST_TEST(contains(html, "<h2>R9: Small &lt;&amp;&gt;</h2>"));
  BOOST_TEST(contains(html, "bench/run --seed 1 --only R9"));
  BOOST_TEST(contains(html, "printed 0.5000 ± 0.2500"));
  BOOST_TEST(contains(html, "<li>1 &lt; 2</li>"));
  BOOST_TEST(contains(html, "2 &gt; 1"));
  BOOST_TEST(contains(html, "Likely reason: because"));
  BOOST_TEST(contains(html, "network: Linear(5), ReLU, BatchNorm, Linear(1)"));
  BOOST_TEST(contains(html, "1 differ"));
  BOOST_TEST(!contains(html, "Nothing to draw"));
  BOOST_TEST(count(html, "<svg") == 6);
  BOOST_TEST(!contains(html, "A quick look"));
}

BOOST_AUTO_TEST_CASE(a_quick_look_says_so) {
  rep::RunFacts quick = facts;
  quick.quick = true;
  BOOST_TEST(contains(rep::page({rep::run(tiny_report(), {.trials = 1})}, quick), "A quick look"));
}

BOOST_AUTO_TEST_CASE(a_figure_of_an_unknown_setting_is_refused) {
  rep::Report report = tiny_report();
  report.figures = {{rep::PredictionMap{"Map", "lost"}}};
  BOOST_CHECK_THROW(rep::page({rep::run(report, {.trials = 1})}, facts), std::logic_error);
}

BOOST_AUTO_TEST_CASE(differences_agree_where_the_intervals_of_one_deviation_meet) {
  rep::ReportOutcome outcome = rep::run(tiny_report(), {});
  const rep::Outcome& fast = outcome.of("fast");
  const auto [mean, deviation, trials] = fast.at_end(Metric::test_accuracy).value();
  const auto against = [&](double printed_mean, std::optional<double> printed_deviation) {
    return rep::compared(fast, {"fast", "fast", {{Metric::test_accuracy, {printed_mean, printed_deviation}}}},
                         Metric::test_accuracy)
        .value();
  };
  BOOST_TEST(against(mean - 0.9 * deviation, std::nullopt).agrees);
  BOOST_TEST(!against(mean - 1.1 * deviation, std::nullopt).agrees);
  BOOST_TEST(against(mean - 1.1 * deviation, 0.2 * deviation).agrees);
  BOOST_TEST(against(mean - 0.0012, std::nullopt).difference == "+0.0012");
  BOOST_TEST(against(mean + 0.25, std::nullopt).difference == "−0.2500");
  const rep::Row row = {"fast", "fast", {{Metric::seconds, {60}}}};
  BOOST_TEST(!rep::compared(fast, row, Metric::seconds).has_value());
  BOOST_TEST(!rep::compared(fast, row, Metric::test_loss).has_value());
}

BOOST_AUTO_TEST_CASE(numbers_are_shown_as_people_read_them) {
  BOOST_TEST(rep::shown_count(7) == "7");
  BOOST_TEST(rep::shown_count(999) == "999");
  BOOST_TEST(rep::shown_count(1000) == "1,000");
  BOOST_TEST(rep::shown_count(69250000) == "69,250,000");
  BOOST_TEST(rep::shown_duration(0.85) == "850 ms");
  BOOST_TEST(rep::shown_duration(0.9999) == "1.0 s");
  BOOST_TEST(rep::shown_duration(9.94) == "9.9 s");
  BOOST_TEST(rep::shown_duration(41.3) == "41 s");
  BOOST_TEST(rep::shown_duration(59.7) == "1 min 00 s");
  BOOST_TEST(rep::shown_duration(125) == "2 min 05 s");
}

BOOST_AUTO_TEST_CASE(progress_is_a_line_every_ten_seconds_or_one_written_over) {
  const rep::Report report = tiny_report();
  for (const bool terminal : {false, true}) {
    std::ostringstream out;
    double now = 0;
    {
      rep::Progress progress(out, terminal, {report}, 2, [&] { return now; });
      progress.begin(report);
      progress.trial(report.experiments[0], false);  // found: it tells nothing of the speed
      for (int i = 0; i < 2; ++i) {
        now += 12;
        progress.trial(report.experiments[1], true);
      }
      BOOST_TEST(contains(out.str(), "R9: 2 of 4 trials, 24 s left"), out.str());
      BOOST_TEST(contains(out.str(), "R9: 3 of 4 trials, 12 s left"), out.str());
      now += 1;
      progress.trial(report.experiments[0], true);
      BOOST_TEST(contains(out.str(), "4 of 4") == terminal);
      rep::ReportOutcome outcome{.report = report, .seed = 1};
      outcome.seconds = 25;
      outcome.steps = 50'000;
      outcome.found = 1;
      progress.end(outcome);
      BOOST_TEST(
          contains(out.str(),
                   "R9: 3 trials, and 1 that were there already; 50,000 steps in 25 s, 2,000 a second\n"),
          out.str());
    }
    BOOST_TEST(contains(out.str(), "[########................] R9: 2 of 4") == terminal);
    BOOST_TEST(out.str().ends_with("\r\33[K") == terminal);
  }
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
