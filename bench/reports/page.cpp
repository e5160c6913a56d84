#include "reports/page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "cli/gnuplot.hpp"
#include "reports/chart.hpp"
#include "reports/page_style.hpp"
#include "reports/text.hpp"
#include "tapedeck/core/parallel.hpp"

namespace tapedeck::reports {
namespace {

using gnuplot::escaped;

constexpr const char* introduction = R"(<h1>Five reports, run again with Tapedeck</h1>
<p>Five reports on small neural-network frameworks print tables and figures. Here ours stand beside them, found with
the settings that are printed, and nothing tuned to meet them. Where a report is silent or misprinted, its section
says which reading was taken; where two readings matter, both are run.</p>
<p>A figure is a mean over trials ± one standard deviation, and so is a curve with its band. Every trial has data,
initial weights and an order of samples of its own, which the experiments of a report share. Losses and accuracies are
measured after each epoch, in evaluation mode unless it says otherwise, on all of the training or test data. A trial
whose loss or gradient is no longer finite has diverged: it is counted, and left out of the figures. Maps and
histograms are of the first trial.</p>
<p>Beside a printed figure stands our difference: ✓ where the intervals of one deviation about the two meet, ≠ where
they do not. A claim is held against the trials, pair by pair: it agrees or differs where the mean difference is more
than two standard errors from 0.</p>
)";

std::string in_words(Metric metric) {
  std::string words = reports::name_of(metric);
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

// Verdicts, in their order.
constexpr std::array<const char*, 3> verdict_words = {"agrees", "differs", "undecided"};
constexpr std::array<const char*, 3> verdict_marks = {"✓", "≠", "?"};

std::size_t index_of(Verdict verdict) { return static_cast<std::size_t>(verdict); }

// What tables show, from left to right.
constexpr Metric shown_metrics[] = {Metric::train_loss, Metric::test_loss, Metric::train_accuracy,
                                    Metric::test_accuracy, Metric::seconds};

std::string cell(const Outcome& ours, const Row& row, Metric metric) {
  std::string html = fmt::format("<td data-name=\"{}\"><span>{}</span>", in_words(metric),
                                 shown(metric, ours.at_end(metric)));
  const auto printed = row.printed.find(metric);
  if (printed != row.printed.end()) {
    html += fmt::format("<span class=\"printed\">printed {}</span>", shown(metric, printed->second));
  }
  if (const auto against = compared(ours, row, metric)) {
    const std::size_t verdict = index_of(against->agrees ? Verdict::agrees : Verdict::differs);
    html += fmt::format("<span class=\"{}\">{} {}</span>", verdict_words[verdict], verdict_marks[verdict],
                        against->difference);
  }
  return html + "</td>";
}

std::string table(const ReportOutcome& of, const Table& table) {
  std::string html = fmt::format("<table class=\"ours\">\n<caption>{}</caption>\n<thead><tr><th></th>",
                                 escaped(table.caption));
  for (const Metric metric : shown_metrics) html += fmt::format("<th>{}</th>", in_words(metric));
  html += "</tr></thead>\n<tbody>\n";
  for (const Row& row : table.rows) {
    const Outcome& ours = of.of(row.of);
    html +=
        fmt::format("<tr><th>{}<span>{}</span></th>", escaped(setting_shown(of, row)), shown_trials(ours));
    for (const Metric metric : shown_metrics) html += cell(ours, row, metric);
    html += "</tr>\n";
  }
  html += "</tbody>\n</table>\n";
  if (table.folded) {
    return fmt::format("<details><summary>{}: {}</summary>\n{}</details>\n", escaped(table.item),
                       escaped(table.caption), html);
  }
  return fmt::format("<h3>{}</h3>\n{}", escaped(table.item), html);
}

std::string claims(const ReportOutcome& of) {
  std::string html = "<ul class=\"claims\">\n";
  for (const Claim& claim : of.report.claims) {
    const auto [verdict, figures] = claim.check(of);
    const std::size_t v = index_of(verdict);
    html += fmt::format(
        "<li><span class=\"mark {0}\">{1}</span><span class=\"{0}\">{0}</span>: {2}"
        "<span class=\"figures\">{3}.</span>",
        verdict_words[v], verdict_marks[v], escaped(claim.text), escaped(figures));
    if (verdict != Verdict::agrees && !claim.reason.empty()) {
      html += fmt::format("<span class=\"figures\">Likely reason: {}</span>", escaped(claim.reason));
    }
    html += "</li>\n";
  }
  return html + "</ul>\n";
}

/// The settings of all experiments in full.
std::string settings(const ReportOutcome& of) {
  std::string html =
      fmt::format("<details><summary>All {} settings in full</summary>\n", of.report.experiments.size());
  for (const Experiment& experiment : of.report.experiments) {
    html += fmt::format("<pre>{}\n{}</pre>\n", escaped(experiment.setting), escaped(described(experiment)));
  }
  return html + "</details>\n";
}

Index trial_count(const ReportOutcome& of) {
  return std::accumulate(of.outcomes.begin(), of.outcomes.end(), Index{0},
                         [](Index sum, const Outcome& outcome) { return sum + outcome.trials.size(); });
}

double training_seconds(const ReportOutcome& of) {
  double sum = 0;
  for (const Outcome& outcome : of.outcomes) {
    for (const Trial& trial : outcome.trials) sum += trial.seconds;
  }
  return sum;
}

std::string time_taken(const ReportOutcome& of) {
  const Index all = trial_count(of);
  std::string words =
      fmt::format("{} trainings took {} of training in all, counted in the threads that they ran in",
                  shown_count(all), shown_duration(training_seconds(of)));
  if (of.found < all) {
    words +=
        fmt::format("; this run made {} of them and measured them, {} steps in {} of its time, {} a second",
                    shown_count(all - of.found), shown_count(of.steps), shown_duration(of.seconds),
                    shown_count(steps_per_second(of)));
  }
  if (of.found > 0) words += fmt::format("; {} were kept from runs before", shown_count(of.found));
  return words + ".";
}

/// The pictures of one report, in the order of its figures.
using Pictures = std::vector<std::string>;

std::vector<Pictures> draw_all(const std::vector<ReportOutcome>& outcomes) {
  struct Task {
    const ReportOutcome& of;
    const Figure& figure;
    std::string name;
    std::string& svg;
  };
  std::vector<Pictures> all(outcomes.size());
  std::vector<Task> tasks;
  for (std::size_t r = 0; r < outcomes.size(); ++r) {
    std::vector<const Figure*> figures;
    for (const std::vector<Figure>& row : outcomes[r].report.figures) {
      for (const Figure& figure : row) figures.push_back(&figure);
    }
    all[r].resize(figures.size());
    for (std::size_t i = 0; i < figures.size(); ++i) {
      tasks.push_back(
          {outcomes[r], *figures[i], fmt::format("{}-{}", outcomes[r].report.name, i + 1), all[r][i]});
    }
  }
  parallel(tasks.size(), [&](Index i) {
    const Task& task = tasks[i];
    task.svg = draw(task.of, task.figure, task.name);
  });
  return all;
}

std::string figures(const Report& report, const Pictures& pictures) {
  std::string html;
  std::size_t number = 0;
  for (const std::vector<Figure>& row : report.figures) {
    html += "<div class=\"cards\">\n";
    for (const Figure& figure : row) {
      const std::string& svg = pictures[number++];
      html += fmt::format("<figure>{}<figcaption>{}</figcaption></figure>\n",
                          svg.empty() ? "<p>Nothing to draw: training diverged.</p>" : svg,
                          escaped(caption_of(figure)));
    }
    html += "</div>\n";
  }
  return html;
}

std::string section(const ReportOutcome& of, const Pictures& pictures, const RunFacts& facts) {
  const Report& report = of.report;
  std::string html = fmt::format(
      "<section id=\"{0}\">\n<h2>{0}: {1}</h2>\n<p class=\"quiet\">{2}</p>\n<p>{3}</p>\n",
      escaped(report.name), escaped(report.title), escaped(report.authors), escaped(report.setting));
  html += "<div class=\"lead\">\n<div>\n<h3>What agrees, and what does not</h3>\n" + claims(of) +
          "</div>\n<div class=\"readings\">\n<h3>Readings chosen</h3>\n<ul>\n";
  for (const std::string& reading : report.readings) html += "<li>" + escaped(reading) + "</li>\n";
  html += "</ul>\n</div>\n</div>\n";
  for (const Table& t : report.tables) html += table(of, t);
  html += "<h3>Figures</h3>\n" + figures(report, pictures) + settings(of);
  html += fmt::format("<h3>To repeat it</h3>\n<p>{}</p>\n<pre>{} --only {}</pre>\n</section>\n",
                      time_taken(of), escaped(facts.command), escaped(report.name));
  return html;
}

/// How the claims of a report came out: "7 agree, 2 differ".
std::string score(const ReportOutcome& of) {
  std::array<Index, verdict_words.size()> counts{};
  for (const Claim& claim : of.report.claims) ++counts[index_of(claim.check(of).verdict)];
  constexpr std::array<const char*, 3> words = {"agree", "differ", "undecided"};
  std::string html;
  for (std::size_t v = 0; v < counts.size(); ++v) {
    if (counts[v] == 0) continue;
    html += fmt::format("{}<span class=\"{}\">{} {}</span>", html.empty() ? "" : " ", verdict_words[v],
                        counts[v], words[v]);
  }
  return html;
}

std::string glance(const std::vector<ReportOutcome>& outcomes) {
  std::string html =
      "<h3>At a glance</h3>\n<table class=\"glance\">\n<thead><tr><th>report</th><th>claims</th>"
      "<th class=\"extra\">trainings</th><th class=\"extra\">steps</th></tr></thead>\n<tbody>\n";
  for (const ReportOutcome& of : outcomes) {
    Index steps = 0;
    for (const Outcome& outcome : of.outcomes) steps += steps_of(outcome.experiment) * outcome.trials.size();
    html += fmt::format(
        "<tr><th><a href=\"#{0}\">{0}</a><span>{1}</span></th><td>{2}</td>"
        "<td class=\"number extra\">{3}</td><td class=\"number extra\">{4}</td></tr>\n",
        escaped(of.report.name), escaped(of.report.title), score(of), shown_count(trial_count(of)),
        shown_count(steps));
  }
  return html + "</tbody>\n</table>\n";
}

}  // namespace

std::string page(const std::vector<ReportOutcome>& outcomes, const RunFacts& facts) {
  const std::vector<Pictures> pictures = draw_all(outcomes);
  std::string sections;
  for (std::size_t i = 0; i < outcomes.size(); ++i) sections += section(outcomes[i], pictures[i], facts);
  const std::string notice = facts.quick ? "<p class=\"notice\">A quick look: fewer trials than the reports "
                                           "have. Deviations are rough.</p>\n"
                                         : "";
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>Five reports, run again with Tapedeck</title>\n<style>{}</style>\n</head>\n<body>\n"
      "{}{}{}<p class=\"quiet\">{}, {}. All figures are in <code>summary.csv</code> beside this page, all "
      "curves in "
      "<code>curves/</code>.</p>\n<pre>{}</pre>\n{}</body>\n</html>\n",
      page_style, introduction, notice, glance(outcomes), escaped(facts.machine), escaped(facts.date),
      escaped(facts.command), sections);
}

}  // namespace tapedeck::reports
