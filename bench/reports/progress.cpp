#include "reports/progress.hpp"

#include <fmt/format.h>

#include <ostream>

namespace tapedeck::reports {

Progress::Progress(std::ostream& out, bool over, const Report& report, std::optional<Index> trials)
    : out_(out), over_(over), report_(report.name) {
  for (const Experiment& experiment : report.experiments) {
    const Index own = trials.value_or(experiment.trials);
    left_[experiment.setting] = own;
    all_ += own;
  }
}

Progress::~Progress() {
  if (over_) out_ << "\r\33[K" << std::flush;
}

void Progress::trial_finished(const Experiment& experiment) {
  ++finished_;
  const bool last = --left_[experiment.setting] == 0;
  if (over_) {
    out_ << fmt::format("\r\33[K{}: {} of {} trials", report_, finished_, all_) << std::flush;
  } else if (last) {
    out_ << fmt::format("{}: {} is finished\n", report_, experiment.setting) << std::flush;
  }
}

}  // namespace tapedeck::reports
