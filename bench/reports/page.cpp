#include "reports/page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <regex>
#include <stdexcept>

#include "reports/chart.hpp"
#include "reports/text.hpp"

namespace tapedeck::reports {
namespace {

// Of Okabe and Ito's colours, which colour-blind readers can tell apart.
constexpr const char* blue = "#0072B2";
constexpr const char* vermillion = "#D55E00";

const Axis accuracy_axis = {"accuracy", "[*<0.4:1]", 0, 1};

constexpr const char* style = R"(
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 78rem; background: #fff; color: #222;
       font: 16px/1.5 system-ui, sans-serif; }
h1 { line-height: 1.2; }
h2 { margin-top: 3rem; padding-top: 1rem; border-top: 2px solid #0072B2; line-height: 1.25; }
h3 { margin-top: 2rem; }
p, ul { max-width: 46rem; }
ul { padding-left: 1.3rem; }
a { color: #00568a; }
code, pre { font: 0.9em/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { padding: 0.6rem 0.8rem; background: #f3f5f7; white-space: pre-wrap; }
.quiet { color: #555; }
.cards { display: grid; gap: 1.5rem; margin: 1.5rem 0;
         grid-template-columns: repeat(auto-fill, minmax(min(20rem, 100%), 1fr)); }
.cards > * { min-width: 0; margin: 0; }
h4 { margin: 0 0 0.3rem; }
.cards p { margin: 0 0 0.3rem; font-size: 0.82rem; line-height: 1.35; }
table { width: 100%; border-collapse: collapse; font-size: 0.82rem; font-variant-numeric: tabular-nums; }
tr { border-top: 1px solid #ddd; }
th, td { padding: 0.2rem 0.6rem 0.2rem 0; text-align: left; vertical-align: top; white-space: nowrap; }
th { color: #555; font-weight: normal; }
th:last-child, td:last-child { padding-right: 0; }
td:nth-child(3) { white-space: normal; }
figure svg { display: block; width: 100%; height: auto; }
figcaption { font-size: 0.92rem; color: #333; }
)";

constexpr const char* introduction = R"(<h1>The reports, run again with Tapedeck</h1>
<p>Reports on small neural-network frameworks print figures. Here stand ours beside them, found with the settings
that are printed; nothing was tuned to meet them.</p>
<p>A figure is a mean over trials ± one standard deviation, and so is a curve with its band. Every trial has data,
initial weights and an order of samples of its own. Accuracies and losses are measured after an epoch, in
evaluation mode, on all of the training or test data. A trial whose loss or gradient is no longer finite has
diverged: it is counted, and left out of the figures. Prediction maps are of the first trial; a cross is a test
point that its network gets wrong.</p>
)";

std::string in_words(Metric metric) {
  std::string words = name_of(metric);
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

/// "Linear(2 -> 25), ReLU, ...".
std::string in_words(const Network& network) {
  ParameterStore store;
  const Sequential model = make(network, store, 2);
  std::string words;
  for (Index i = 0; i < model.size(); ++i) words += (i == 0 ? "" : ", ") + model[i].describe();
  return std::regex_replace(words, std::regex(" -> "), "→");
}

/// Ours beside printed, a small table for each experiment.
std::string tables(const ReportOutcome& of) {
  std::string html = "<div class=\"cards\">\n";
  for (const Outcome& outcome : of.outcomes) {
    const Experiment& experiment = outcome.experiment;
    html += fmt::format(
        "<div>\n<h4>{}: {}</h4>\n<p class=\"quiet\">{}. {} epochs in batches of {}; {}.</p>\n"
        "<table>\n<tr><th></th><th>ours</th>{}</tr>\n",
        escaped(experiment.item), escaped(experiment.setting), escaped(in_words(experiment.network)),
        experiment.epochs, experiment.batch_size, shown_trials(outcome),
        experiment.printed.empty() ? "" : "<th>printed</th><th>difference</th>");
    for (const Metric metric : metrics) {
      html += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n", in_words(metric),
                          shown(metric, outcome.at_end(metric)),
                          std::regex_replace(shown_printed(experiment, metric), std::regex("± "), "±&nbsp;"),
                          shown_difference(outcome, metric));
    }
    html += "</table>\n</div>\n";
  }
  return html + "</div>\n";
}

const Outcome& outcome_of(const ReportOutcome& of, const std::string& setting) {
  const auto found = std::find_if(of.outcomes.begin(), of.outcomes.end(), [&](const Outcome& outcome) {
    return outcome.experiment.setting == setting;
  });
  if (found == of.outcomes.end()) throw std::logic_error(of.report.name + " has no " + setting + " to draw");
  return *found;
}

/// Logarithmic if a linear one would show a steep beginning and nothing else.
Axis loss_axis(const std::vector<Series>& series) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  double lowest = infinity;
  double highest = 0;
  for (const Series& s : series) {
    for (const Point& point : s.points) {
      lowest = std::min(lowest, point.figure.mean);
      highest = std::max(highest, point.figure.mean);
    }
  }
  if (highest < 100 * lowest) return {"loss", "[0:*]", 0, infinity};
  return {"loss", fmt::format("[{}:*]", lowest / 2), lowest / 2, infinity, true};
}

/// Draws a figure of a report. What there is to draw may be missing, if trials diverged.
struct Draw {
  const ReportOutcome& of;
  const std::string& name;

  std::string operator()(const Curves& curves) const {
    const Outcome& outcome = outcome_of(of, curves.setting);
    if (outcome.diverged() == outcome.trials.size()) return {};
    const bool loss = curves.of == Curves::Of::loss;
    const std::vector<Series> series = {
        {"training", blue, outcome.curve(loss ? Metric::train_loss : Metric::train_accuracy)},
        {"test", vermillion, outcome.curve(loss ? Metric::test_loss : Metric::test_accuracy)}};
    return draw_curves(name, curves.caption, loss ? loss_axis(series) : accuracy_axis, series);
  }
  std::string operator()(const PredictionMap& map) const {
    const Outcome& outcome = outcome_of(of, map.setting);
    return outcome.picture ? draw_map(name, map.caption, *outcome.picture) : std::string{};
  }
};

std::string figures(const ReportOutcome& of) {
  std::string html;
  int number = 0;
  for (const std::vector<Figure>& row : of.report.figures) {
    html += "<div class=\"cards\">\n";
    for (const Figure& figure : row) {
      const std::string name = fmt::format("{}-{}", of.report.name, ++number);
      const std::string svg = std::visit(Draw{of, name}, figure);
      const std::string caption = std::visit([](const auto& f) { return f.caption; }, figure);
      html += fmt::format("<figure>{}<figcaption>{}</figcaption></figure>\n",
                          svg.empty() ? "<p>Nothing to draw: training diverged.</p>" : svg, escaped(caption));
    }
    html += "</div>\n";
  }
  return html;
}

std::string section(const ReportOutcome& of, const std::string& command) {
  const Report& report = of.report;
  std::string html = fmt::format(
      "<section id=\"{0}\">\n<h2>{0}: {1}</h2>\n<p class=\"quiet\">{2}</p>\n<p>{3}</p>\n",
      escaped(report.name), escaped(report.title), escaped(report.authors), escaped(report.setting));
  html += "<h3>Readings chosen</h3>\n<ul>\n";
  for (const std::string& reading : report.readings) html += "<li>" + escaped(reading) + "</li>\n";
  html += "</ul>\n<h3>Ours and printed</h3>\n" + tables(of) + figures(of);
  html += fmt::format("<p>To repeat it (it took {:.1f} s):</p>\n<pre>{} --only {}</pre>\n</section>\n",
                      of.seconds, escaped(command), escaped(report.name));
  return html;
}

}  // namespace

std::string page(const std::vector<ReportOutcome>& outcomes, const std::string& command) {
  std::string contents;
  std::string sections;
  for (const ReportOutcome& of : outcomes) {
    contents += fmt::format("<li><a href=\"#{0}\">{0}: {1}</a></li>\n", escaped(of.report.name),
                            escaped(of.report.title));
    sections += section(of, command);
  }
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>The reports, run again with Tapedeck</title>\n<style>{}</style>\n</head>\n<body>\n"
      "{}<ul>\n{}</ul>\n{}</body>\n</html>\n",
      style, introduction, contents, sections);
}

}  // namespace tapedeck::reports
