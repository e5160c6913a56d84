#pragma once

/// @file
/// Numbers and words as they are shown.

#include <optional>
#include <string>

#include "reports/outcome.hpp"

namespace tapedeck::reports {

/// "0.9771 ± 0.0060", or "diverged" if there is nothing.
std::string shown(Metric metric, const std::optional<MeanDeviation>& figure);
/// "0.9780", or "0.9364 ± 0.0287".
std::string shown(Metric metric, const Printed& printed);
/// "20 trials", or "20 trials, 1 diverged".
std::string shown_trials(const Outcome& outcome);
/// "69,250,000".
std::string shown_count(Index count);
/// "850 ms", "41 s", "2 min 05 s".
std::string shown_duration(double seconds);

/// Ours beside a printed figure.
struct Comparison {
  std::string difference;  ///< "+0.0012": our mean less the printed one
  bool agrees;             ///< the intervals of one deviation about the two meet
};
/// Nothing where there is nothing to compare; nor for times, which other machines took.
std::optional<Comparison> compared(const Outcome& ours, const Row& row, Metric metric);

/// What a row shows: its name, and of several experiments the one that was chosen.
std::string setting_shown(const ReportOutcome& of, const Row& row);

}  // namespace tapedeck::reports
