#pragma once

/// @file
/// Results as a page.

#include <string>
#include <vector>

#include "reports/engine.hpp"

namespace tapedeck::reports {

/// A page that needs neither scripts nor a network. `command` repeats the run of all that is on it, but for
/// the choice of reports.
std::string page(const std::vector<ReportOutcome>& outcomes, const std::string& command);

}  // namespace tapedeck::reports
