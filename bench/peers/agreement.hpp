#pragma once

/// @file
/// Whether the contenders do the same work.

#include <string>
#include <vector>

#include "peers/workload.hpp"

namespace tapedeck::peers {

/// How far a contender is from ours after three steps (or one forward) from the same numbers.
struct Agreement {
  std::string contender;
  double
      difference;    ///< |theirs - ours| / |ours - initial|, of all parameters together; of outputs, / |ours|
  double tolerance;  ///< that rounding can explain, see agreement.cpp
  /// NaN is no agreement.
  bool holds() const { return difference <= tolerance; }
};

/// Of every contender that gives results.
std::vector<Agreement> agreements(const Workload& workload);

}  // namespace tapedeck::peers
