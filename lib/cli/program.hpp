#pragma once

/// @file
/// The program tapedeck.

#include <string>
#include <vector>

#include "cli/console.hpp"

namespace tapedeck::cli {

/// Runs with the arguments that follow a program's name. Returns the exit code: 0, 1 for a failure, 2 for
/// wrong use, 128 and the signal's number if one ended it.
int run_program(const std::vector<std::string>& arguments, const Console& console);

}  // namespace tapedeck::cli
