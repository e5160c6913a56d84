#pragma once

/// @file
/// Runs the experiments of a report.

#include <cstdint>
#include <functional>
#include <optional>

#include "reports/archive.hpp"
#include "reports/outcome.hpp"
#include "tapedeck/core/random.hpp"

namespace tapedeck::reports {

struct RunOptions {
  std::optional<Index> trials = std::nullopt;  ///< instead of those described
  std::uint64_t seed = 1;
  const Archive* archive = nullptr;  ///< where finished trials are kept, if anywhere
  bool again = false;                ///< what is there is computed again
  /// Called for each trial, by one thread at a time: when it was computed, or found in the archive.
  std::function<void(const Experiment&, bool computed)> on_trial = {};
};

/// Runs all trials that the archive does not have, spread over the library's threads. A trial has a store,
/// memory and optimizer of its own, and everything random in it follows from the seed, the report's name and
/// the trial's number: results are equal bit for bit at any number of threads, and the experiments of a
/// report meet the same data. An exception ends it; the trials that were finished are in the archive then.
ReportOutcome run(const Report& report, const RunOptions& options);

/// The same, if the archive has all of its trials, again or not; else nothing.
std::optional<ReportOutcome> find_finished(const Report& report, RunOptions options);

/// What everything random in a trial follows from.
Random random_of(const std::string& report, std::uint64_t seed, Index trial);

/// How long one trial takes, in some unit: for shares, and for what is left.
double work_of(const Experiment& experiment);

}  // namespace tapedeck::reports
