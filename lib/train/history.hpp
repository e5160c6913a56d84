#pragma once

/// @file
/// The state of a list of reports.

#include <vector>

#include "tapedeck/state/state_visitor.hpp"
#include "tapedeck/train/callbacks.hpp"

namespace tapedeck {

/// Visits the reports of epochs 0, 1, 2, ... as "history": a list for each of their numbers. A history that
/// is put back must be empty; it is filled at once, before commit.
void visit_history(StateVisitor& visitor, std::vector<EpochReport>& history);

}  // namespace tapedeck
