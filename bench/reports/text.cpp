#include "reports/text.hpp"

#include <fmt/format.h>

#include <cmath>

namespace tapedeck::reports {
namespace {

std::string number(Metric metric, double value) {
  return metric == Metric::seconds ? fmt::format("{:.2f}", value) : fmt::format("{:.4f}", value);
}

}  // namespace

std::string shown(Metric metric, const std::optional<MeanDeviation>& figure) {
  if (!figure) return "diverged";
  return number(metric, figure->mean) + " ± " + number(metric, figure->deviation);
}

std::string shown(Metric metric, const Printed& printed) {
  const std::string mean = number(metric, printed.mean);
  return printed.deviation ? mean + " ± " + number(metric, *printed.deviation) : mean;
}

std::string shown_trials(const Outcome& outcome) {
  const Index diverged = outcome.diverged();
  const std::string all =
      fmt::format("{} trial{}", outcome.trials.size(), outcome.trials.size() == 1 ? "" : "s");
  return diverged == 0 ? all : fmt::format("{}, {} diverged", all, diverged);
}

std::string shown_count(Index count) {
  const std::string digits = std::to_string(count);
  std::string grouped;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) grouped += ',';
    grouped += digits[i];
  }
  return grouped;
}

std::string shown_duration(double seconds) {
  if (seconds < 0.9995) return fmt::format("{:.0f} ms", 1000 * seconds);
  if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<long>(std::lround(seconds));
  return whole < 60 ? fmt::format("{} s", whole) : fmt::format("{} min {:02} s", whole / 60, whole % 60);
}

std::optional<Comparison> compared(const Outcome& ours, const Row& row, Metric metric) {
  const auto printed = row.printed.find(metric);
  const auto figure = ours.at_end(metric);
  if (printed == row.printed.end() || !figure || metric == Metric::seconds) return std::nullopt;
  const double difference = figure->mean - printed->second.mean;
  return Comparison{
      .difference = (difference < 0 ? "−" : "+") + number(metric, std::abs(difference)),
      .agrees = std::abs(difference) <= figure->deviation + printed->second.deviation.value_or(0)};
}

std::string setting_shown(const ReportOutcome& of, const Row& row) {
  return row.of.settings.size() == 1 ? row.name : of.of(row.of).experiment.setting;
}

}  // namespace tapedeck::reports
