#pragma once

/// @file
/// Numbers and words as they are shown.

#include <optional>
#include <string>

#include "reports/engine.hpp"

namespace tapedeck::reports {

/// Text as HTML and XML want it.
std::string escaped(const std::string& text);

/// "0.9771 ± 0.0060", or "diverged" if there is nothing.
std::string shown(Metric metric, const std::optional<MeanDeviation>& figure);
/// "0.9780", "0.9364 ± 0.0287", or nothing.
std::string shown_printed(const Experiment& experiment, Metric metric);
/// "+0.0012": our mean less the printed one, or nothing; nothing for times, which other machines took.
std::string shown_difference(const Outcome& outcome, Metric metric);
/// "20 trials", or "20 trials, 1 diverged".
std::string shown_trials(const Outcome& outcome);

}  // namespace tapedeck::reports
