#pragma once

/// @file
/// How far a run has come, and how long it will take.

#include <chrono>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "reports/outcome.hpp"

namespace tapedeck::reports {

/// Writes one line that it writes over if that is wanted, as on a terminal, else a line every ten seconds.
class Progress {
 public:
  /// Seconds since some moment.
  using Clock = std::function<double()>;

  /// `trials` as in RunOptions.
  Progress(
      std::ostream& out, bool over, const std::vector<Report>& reports, std::optional<Index> trials,
      Clock clock = [] {
        return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
      });
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  /// The trials that follow are its.
  void begin(const Report& report);
  void trial(const Experiment& experiment, bool computed);
  /// Writes what a report took.
  void end(const ReportOutcome& outcome);

 private:
  Index trials_of(const Experiment& experiment) const { return trials_.value_or(experiment.trials); }

  std::ostream& out_;
  bool over_;
  std::optional<Index> trials_;
  Clock clock_;
  double started_;
  double written_;
  double left_ = 0;  // work_of what nobody has seen yet
  double done_ = 0;  // work_of what was computed
  std::string report_;
  Index finished_ = 0;  // trials of this report
  Index all_ = 0;
};

}  // namespace tapedeck::reports
