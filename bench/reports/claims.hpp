#pragma once

/// @file
/// How claims are looked for in what was found. Settings are compared trial by trial, as experiments of a
/// report meet the same data; a difference counts if its mean over trials is more than two standard errors
/// from 0.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "reports/outcome.hpp"

namespace tapedeck::reports {

using Check = std::function<Finding(const ReportOutcome&)>;
using Settings = std::vector<std::string>;

/// One number for a trial, such as its test accuracy at the end. Nothing if it has none.
using Score = std::function<std::optional<double>(const Outcome&, Index trial)>;
Score at_end(Metric metric);

/// Over the trials in which all settings have a score: its mean over the settings.
std::vector<std::optional<double>> scores(const ReportOutcome& of, const Settings& settings,
                                          const Score& score);

/// Two lists of scores, trial by trial. Verdict::agrees if the first is higher.
Verdict compare(const std::vector<std::optional<double>>& a, const std::vector<std::optional<double>>& b);
/// Mean and deviation of those that are there; nothing if none is.
std::optional<MeanDeviation> spread(const std::vector<std::optional<double>>& values);

/// The metric at the end is higher for the first settings, taken together, than for the others.
Check higher(Metric metric, const Settings& first, const Settings& others);
/// It differs by less than the deviation between trials.
Check alike(Metric metric, const Settings& first, const Settings& others);
/// The metric at the end is at most `margin` below what is printed, in every one of these rows of the table.
Check reaches_printed(Metric metric, double margin, const std::string& item,
                      const std::vector<std::string>& rows);
/// Our mean lies in the printed deviation, in at least one of these rows.
Check within_printed(Metric metric, const std::string& item, const std::vector<std::string>& rows);

/// Both verdicts agree; else the worse, differs being the worst.
Verdict both(Verdict a, Verdict b);
/// agrees or differs.
Verdict verdict_of(bool holds);

}  // namespace tapedeck::reports
