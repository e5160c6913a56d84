#pragma once

/// @file
/// The reports. Each is described in a file of its name.

#include <vector>

#include "reports/report.hpp"

namespace tapedeck::reports {

Report r0();
Report r1();
Report r2();
Report r3();
Report r4();

inline std::vector<Report> all_reports() { return {r0(), r1(), r2(), r3(), r4()}; }

}  // namespace tapedeck::reports
