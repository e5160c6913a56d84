#include "reports/tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "cli/csv_field.hpp"
#include "reports/text.hpp"

namespace tapedeck::reports {
namespace {

std::string csv_number(double value) { return fmt::format("{:.6g}", value); }

/// A table of text, its columns as wide as need be.
class Columns {
 public:
  void add(const std::vector<std::string>& cells) { rows_.push_back(cells); }
  std::string text() const {
    std::vector<std::size_t> widths;
    for (const auto& row : rows_) {
      widths.resize(std::max(widths.size(), row.size()));
      for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
    }
    std::string all;
    for (const auto& row : rows_) {
      std::string line = " ";
      for (std::size_t i = 0; i < row.size(); ++i) {
        line += " " + row[i] + std::string(widths[i] - width(row[i]) + 1, ' ');
      }
      line.erase(line.find_last_not_of(' ') + 1);
      all += line + "\n";
    }
    return all;
  }

 private:
  /// Characters of UTF-8.
  static std::size_t width(const std::string& text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned>(c) & 0xC0U) != 0x80U; }));
  }

  std::vector<std::vector<std::string>> rows_;
};

std::string table_text(const ReportOutcome& of, const Table& table) {
  constexpr Metric metrics[] = {Metric::train_loss, Metric::test_loss, Metric::train_accuracy,
                                Metric::test_accuracy};
  Columns columns;
  std::vector<std::string> head = {table.item, ""};
  const auto prints = [&](Metric metric) {
    return std::any_of(table.rows.begin(), table.rows.end(),
                       [&](const Row& row) { return row.printed.contains(metric); });
  };
  for (const Metric metric : metrics) {
    head.push_back(name_of(metric));
    if (prints(metric)) head.emplace_back("printed");
  }
  columns.add(head);
  for (const Row& row : table.rows) {
    const Outcome& ours = of.of(row.of);
    std::vector<std::string> cells = {setting_shown(of, row), shown_trials(ours)};
    for (const Metric metric : metrics) {
      cells.push_back(shown(metric, ours.at_end(metric)));
      const auto printed = row.printed.find(metric);
      if (prints(metric)) cells.push_back(printed == row.printed.end() ? "" : shown(metric, printed->second));
    }
    columns.add(cells);
  }
  return columns.text();
}

}  // namespace

std::string text_table(const std::vector<ReportOutcome>& outcomes) {
  std::string text;
  for (const ReportOutcome& of : outcomes) {
    const Report& report = of.report;
    text += fmt::format("{}{}: {}\n", text.empty() ? "" : "\n", report.name, report.title);
    for (const Table& table : report.tables) {
      if (!table.folded) text += table_text(of, table);
    }
    for (const Claim& claim : report.claims) {
      constexpr const char* words[] = {"agrees", "differs", "undecided"};  // in the order of Verdict
      const Finding finding = claim.check(of);
      text += fmt::format("  {:<10} {}\n", words[static_cast<std::size_t>(finding.verdict)], claim.text);
    }
  }
  return text;
}

std::string summary_csv(const std::vector<ReportOutcome>& outcomes) {
  std::string csv = "report,item,setting,metric,mean,std,trials,printed_mean,printed_std\n";
  for (const ReportOutcome& of : outcomes) {
    for (const Table& table : of.report.tables) {
      for (const Row& row : table.rows) {
        const Outcome& outcome = of.of(row.of);
        for (const Metric metric : table_metrics) {
          const auto ours = outcome.at_end(metric);
          const auto printed = row.printed.find(metric);
          const bool known = printed != row.printed.end();
          csv += fmt::format(
              "{},{},{},{},{},{},{},{},{}\n", csv_field(of.report.name), csv_field(table.item),
              csv_field(setting_shown(of, row)), name_of(metric), ours ? csv_number(ours->mean) : "",
              ours ? csv_number(ours->deviation) : "", outcome.trials.size() - outcome.diverged(),
              known ? csv_number(printed->second.mean) : "",
              known && printed->second.deviation ? csv_number(*printed->second.deviation) : "");
        }
      }
    }
  }
  return csv;
}

std::string curves_csv(const ReportOutcome& of) {
  constexpr Metric metrics[] = {Metric::train_accuracy, Metric::test_accuracy, Metric::train_loss,
                                Metric::test_loss, Metric::learning_rate};
  std::string csv = "setting,epoch,trials";
  for (const Metric metric : metrics) csv += fmt::format(",{0},{0}_std", name_of(metric));
  csv += "\n";
  for (const Outcome& outcome : of.outcomes) {
    std::array<std::vector<Point>, std::size(metrics)> curves;
    std::transform(std::begin(metrics), std::end(metrics), curves.begin(),
                   [&](Metric metric) { return outcome.curve(metric); });
    for (std::size_t i = 0; i < curves[0].size(); ++i) {
      csv += fmt::format("{},{},{}", csv_field(outcome.experiment.setting), curves[0][i].epoch,
                         curves[0][i].figure.count);
      for (const auto& curve : curves) {
        csv += fmt::format(",{:.6g},{:.6g}", curve[i].figure.mean, curve[i].figure.deviation);
      }
      csv += "\n";
    }
  }
  return csv;
}

}  // namespace tapedeck::reports
