#include "reports/text.hpp"

#include <fmt/format.h>

namespace tapedeck::reports {
namespace {

std::string number(Metric metric, double value) {
  return metric == Metric::seconds ? fmt::format("{:.2f}", value) : fmt::format("{:.4f}", value);
}

const Printed* printed_in(const Experiment& experiment, Metric metric) {
  const auto found = experiment.printed.find(metric);
  return found == experiment.printed.end() ? nullptr : &found->second;
}

}  // namespace

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

std::string shown(Metric metric, const std::optional<MeanDeviation>& figure) {
  if (!figure) return "diverged";
  return number(metric, figure->mean) + " ± " + number(metric, figure->deviation);
}

std::string shown_printed(const Experiment& experiment, Metric metric) {
  const Printed* printed = printed_in(experiment, metric);
  if (printed == nullptr) return {};
  const std::string mean = number(metric, printed->mean);
  return printed->deviation ? mean + " ± " + number(metric, *printed->deviation) : mean;
}

std::string shown_difference(const Outcome& outcome, Metric metric) {
  const Printed* printed = printed_in(outcome.experiment, metric);
  const auto ours = outcome.at_end(metric);
  if (printed == nullptr || !ours || metric == Metric::seconds) return {};
  const double difference = ours->mean - printed->mean;
  return (difference < 0 ? "−" : "+") + number(metric, std::abs(difference));
}

std::string shown_trials(const Outcome& outcome) {
  const Index diverged = outcome.diverged();
  const std::string all =
      fmt::format("{} trial{}", outcome.trials.size(), outcome.trials.size() == 1 ? "" : "s");
  return diverged == 0 ? all : fmt::format("{}, {} diverged", all, diverged);
}

}  // namespace tapedeck::reports
