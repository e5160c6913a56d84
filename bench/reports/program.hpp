#pragma once

/// @file
/// The program behind bench/run.

#include <iosfwd>
#include <string>
#include <vector>

namespace tapedeck::reports {

/// Runs with the arguments that follow a program's name. The table goes to `out`; progress, which is one line
/// written over if `terminal`, and complaints go to `err`. Returns the exit code: 2 for bad options, 1 for
/// other failures.
int run_program(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err,
                bool terminal);

}  // namespace tapedeck::reports
