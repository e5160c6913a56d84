#pragma once

/// @file
/// Results as a table to read and as ones to compute with.

#include <string>
#include <vector>

#include "reports/outcome.hpp"

namespace tapedeck::reports {

/// For a terminal: a line for each row of the reports' tables, ours beside printed, and what the claims came
/// to.
std::string text_table(const std::vector<ReportOutcome>& outcomes);

/// CSV with the columns report, item, setting, metric, mean, std, trials, printed_mean, printed_std: a line
/// for each row and metric. `trials` are those that did not diverge; the means are over them.
std::string summary_csv(const std::vector<ReportOutcome>& outcomes);

/// CSV with the columns setting, epoch, trials, and mean and std of each metric: a line for each experiment
/// and epoch that was measured.
std::string curves_csv(const ReportOutcome& outcome);

}  // namespace tapedeck::reports
