#pragma once

/// @file
/// Results as a page to read in a browser.

#include <string>
#include <vector>

#include "reports/outcome.hpp"

namespace tapedeck::reports {

/// How a run was made.
struct RunFacts {
  std::string command;  ///< that repeats it
  std::string machine;  ///< processor and threads
  std::string date;
  bool quick = false;  ///< fewer trials than there should be
};

/// A page that needs nothing else: for each report its setting, readings and claims, tables with ours beside
/// printed, charts, and the command that repeats it. std::runtime_error if a chart cannot be drawn.
std::string page(const std::vector<ReportOutcome>& outcomes, const RunFacts& facts);

}  // namespace tapedeck::reports
