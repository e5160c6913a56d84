#include "reports/tables.hpp"

#include <fmt/format.h>

#include "reports/text.hpp"

namespace tapedeck::reports {
namespace {

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string csv_number(double value) { return fmt::format("{:.6g}", value); }

}  // namespace

std::string text_table(const std::vector<ReportOutcome>& outcomes) {
  std::string table;
  for (const auto& [report, results, seconds] : outcomes) {
    table +=
        fmt::format("{}{}: {} ({:.1f} s)\n", table.empty() ? "" : "\n", report.name, report.title, seconds);
    table += fmt::format("  {:<40}{:<22}{:<16}{:<18}{:<16}{:<18}{:<13}{}\n", "", "", "train accuracy",
                         "printed", "test accuracy", "printed", "seconds", "printed");
    for (const Outcome& outcome : results) {
      const auto ours = [&](Metric metric) { return shown(metric, outcome.at_end(metric)); };
      const auto printed = [&](Metric metric) { return shown_printed(outcome.experiment, metric); };
      std::string line = fmt::format(
          "  {:<40}{:<22}{:<16}{:<18}{:<16}{:<18}{:<13}{}", outcome.experiment.setting, shown_trials(outcome),
          ours(Metric::train_accuracy), printed(Metric::train_accuracy), ours(Metric::test_accuracy),
          printed(Metric::test_accuracy), ours(Metric::seconds), printed(Metric::seconds));
      line.erase(line.find_last_not_of(' ') + 1);
      table += line + "\n";
    }
  }
  return table;
}

std::string summary_csv(const std::vector<ReportOutcome>& outcomes) {
  std::string csv = "report,item,setting,metric,mean,std,trials,printed_mean,printed_std\n";
  for (const auto& [report, results, seconds] : outcomes) {
    for (const Outcome& outcome : results) {
      const Experiment& experiment = outcome.experiment;
      for (const Metric metric : metrics) {
        const auto ours = outcome.at_end(metric);
        const auto printed = experiment.printed.find(metric);
        const bool known = printed != experiment.printed.end();
        csv +=
            fmt::format("{},{},{},{},{},{},{},{},{}\n", csv_field(report.name), csv_field(experiment.item),
                        csv_field(experiment.setting), name_of(metric), ours ? csv_number(ours->mean) : "",
                        ours ? csv_number(ours->deviation) : "", outcome.trials.size() - outcome.diverged(),
                        known ? csv_number(printed->second.mean) : "",
                        known && printed->second.deviation ? csv_number(*printed->second.deviation) : "");
      }
    }
  }
  return csv;
}

}  // namespace tapedeck::reports
