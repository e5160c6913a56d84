#pragma once

/// @file
/// The reports. Each is described in a file of its name.

#include <vector>

#include "reports/experiment.hpp"

namespace tapedeck::reports {

Report r2();
Report r3();

inline std::vector<Report> all_reports() { return {r2(), r3()}; }

}  // namespace tapedeck::reports
