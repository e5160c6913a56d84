#pragma once

/// @file
/// How far a run has come.

#include <iosfwd>
#include <map>
#include <string>

#include "reports/engine.hpp"

namespace tapedeck::reports {

/// Writes one line that it writes over if that is wanted, as on a terminal, else a line per experiment that
/// is finished.
class Progress {
 public:
  /// `trials` as in RunOptions.
  Progress(std::ostream& out, bool over, const Report& report, std::optional<Index> trials);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  void trial_finished(const Experiment& experiment);

 private:
  std::ostream& out_;
  bool over_;
  std::string report_;
  std::map<std::string, Index> left_;  // trials, by setting
  Index finished_ = 0;
  Index all_ = 0;
};

}  // namespace tapedeck::reports
