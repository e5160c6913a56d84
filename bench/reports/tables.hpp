#pragma once

/// @file
/// Results as a table to read and as one to compute with.

#include <string>
#include <vector>

#include "reports/engine.hpp"

namespace tapedeck::reports {

/// For a terminal: a line per experiment, ours beside printed.
std::string text_table(const std::vector<ReportOutcome>& outcomes);

/// CSV with the columns report, item, setting, metric, mean, std, trials, printed_mean, printed_std: a line
/// per experiment and metric. `trials` are those that did not diverge; the means are over them.
std::string summary_csv(const std::vector<ReportOutcome>& outcomes);

}  // namespace tapedeck::reports
