#include "train/history.hpp"

#include <optional>

#include "core/ranges.hpp"

namespace tapedeck {

void visit_history(StateVisitor& visitor, std::vector<EpochReport>& history) {
  const StateVisitor::Scope scope(visitor, "history");
  if (visitor.taking()) {
    std::vector<double> losses;
    std::vector<Index> validated;
    std::vector<double> validation_losses;
    std::vector<double> rates;
    std::vector<double> seconds;
    std::vector<Index> epochs;
    std::vector<Index> stops;
    for (const EpochReport& report : history) {
      losses.push_back(report.loss);
      validated.push_back(report.validation_loss ? 1 : 0);
      validation_losses.push_back(report.validation_loss.value_or(0));
      rates.push_back(report.learning_rate);
      seconds.push_back(report.seconds);
      epochs.push_back(report.epochs);
      stops.push_back(report.stop ? 1 : 0);
    }
    visitor.take("loss", losses);
    visitor.take("validated", validated);
    visitor.take("validation_loss", validation_losses);
    visitor.take("learning_rate", rates);
    visitor.take("seconds", seconds);
    visitor.take("epochs", epochs);
    return visitor.take("stop", stops);
  }
  const auto losses = visitor.given<double>("loss");
  const auto validated = visitor.given<Index>("validated", losses.size());
  const auto validation_losses = visitor.given<double>("validation_loss", losses.size());
  const auto rates = visitor.given<double>("learning_rate", losses.size());
  const auto seconds = visitor.given<double>("seconds", losses.size());
  const auto epochs = visitor.given<Index>("epochs", losses.size());
  const auto stops = visitor.given<Index>("stop", losses.size());
  visitor.require("validated", validated, 1);
  visitor.require("learning_rate", rates, ranges::not_negative);
  visitor.require("seconds", seconds, ranges::not_negative);
  visitor.require("stop", stops, 1);
  if (!visitor.fits()) return;
  for (Index i = 0; i < losses.size(); ++i) {
    history.push_back(
        {.epoch = i,
         .epochs = epochs[i],
         .loss = losses[i],
         .validation_loss = validated[i] != 0 ? std::optional(validation_losses[i]) : std::nullopt,
         .learning_rate = rates[i],
         .seconds = seconds[i],
         .stop = stops[i] != 0});
  }
}

}  // namespace tapedeck
