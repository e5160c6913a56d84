#include "reports/page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "reports/chart.hpp"
#include "reports/text.hpp"

namespace tapedeck::reports {
namespace {

// Of Okabe and Ito's colours, which colour-blind readers can tell apart.
constexpr const char* blue = "#0072B2";
constexpr const char* vermillion = "#D55E00";

const Axis loss_axis = {"loss", "[0:*]", 0, std::numeric_limits<double>::infinity()};
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
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.92rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.2rem 1.4rem 0.2rem 0; text-align: left; vertical-align: top; }
thead th { color: #555; font-weight: normal; }
tbody th { padding-top: 0.9rem; border-bottom: 1px solid #ccc; font-weight: normal; }
tbody th small { display: block; color: #555; }
.figures { display: grid; gap: 1rem 1.5rem; margin: 1.5rem 0;
           grid-template-columns: repeat(auto-fill, minmax(min(20rem, 100%), 1fr)); }
figure { margin: 0; min-width: 0; }
figure svg { display: block; width: 100%; height: auto; }
figcaption { font-size: 0.92rem; color: #333; }
@media (max-width: 30rem) {
  table { font-size: 0.82rem; }
  th, td { padding-right: 0.7rem; }
}
)";

std::string in_words(Metric metric) {
  std::string words = name_of(metric);
  std::replace(words.begin(), words.end(), '_', ' ');
  return metric == Metric::seconds ? "seconds a trial" : words;
}

/// "Linear(2 -> 25), ReLU, ...".
std::string in_words(const Network& network) {
  ParameterStore store;
  const Sequential model = make(network, store, 2);
  std::string words;
  for (Index i = 0; i < model.size(); ++i) words += (i == 0 ? "" : ", ") + model[i].describe();
  return words;
}

std::string count(Index n, const std::string& thing) {
  return fmt::format("{} {}{}", n, thing, n == 1 ? "" : "s");
}

std::string table(const ReportOutcome& of) {
  std::string html =
      "<div class=\"wide\"><table>\n"
      "<thead><tr><th></th><th>ours</th><th>printed</th><th>difference</th></tr></thead>\n";
  for (const Outcome& outcome : of.outcomes) {
    const Experiment& experiment = outcome.experiment;
    html += fmt::format(
        "<tbody>\n<tr><th colspan=\"4\"><b>{}, {}</b> <small>{}<br>{} in batches of {}, {} "
        "trials</small></th></tr>\n",
        escaped(experiment.item), escaped(experiment.setting), escaped(in_words(experiment.network)),
        count(experiment.epochs, "epoch"), experiment.batch_size, shown_trials(outcome));
    for (const Metric metric : metrics) {
      html += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n", in_words(metric),
                          shown(metric, outcome.at_end(metric)), shown_printed(experiment, metric),
                          shown_difference(outcome, metric));
    }
    html += "</tbody>\n";
  }
  return html + "</table></div>\n";
}

const Outcome& outcome_of(const ReportOutcome& of, const std::string& setting) {
  const auto found = std::find_if(of.outcomes.begin(), of.outcomes.end(), [&](const Outcome& outcome) {
    return outcome.experiment.setting == setting;
  });
  return *found;
}

/// Draws a figure of a report. What there is to draw may be missing, if trials diverged.
struct Draw {
  const ReportOutcome& of;
  const std::string& name;

  std::string operator()(const Curves& curves) const {
    const Outcome& outcome = outcome_of(of, curves.setting);
    if (outcome.diverged() == outcome.trials.size()) return {};
    const bool loss = curves.of == Curves::Of::loss;
    return draw_curves(
        name, curves.caption, loss ? loss_axis : accuracy_axis,
        {{"training", blue, outcome.curve(loss ? Metric::train_loss : Metric::train_accuracy)},
         {"test", vermillion, outcome.curve(loss ? Metric::test_loss : Metric::test_accuracy)}});
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
    html += "<div class=\"figures\">\n";
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
  html += "</ul>\n<h3>Ours and printed</h3>\n" + table(of) + figures(of);
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
      "<h1>The reports, run again with Tapedeck</h1>\n"
      "<p>Reports on small neural-network frameworks print figures. Here stand ours beside them, found with "
      "the "
      "settings that are printed; nothing was tuned to meet them.</p>\n"
      "<p>A figure is a mean over trials ± one standard deviation, and so is a curve with its band. Every "
      "trial "
      "has data, initial weights and an order of samples of its own. Accuracies and losses are measured "
      "after an "
      "epoch on all of the data, in evaluation mode. A trial whose loss or gradient is no longer finite has "
      "diverged: "
      "it is counted, and left out of the figures.</p>\n"
      "<ul>\n{}</ul>\n{}</body>\n</html>\n",
      style, contents, sections);
}

}  // namespace tapedeck::reports
