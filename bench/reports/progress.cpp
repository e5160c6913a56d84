#include "reports/progress.hpp"

#include <fmt/format.h>

#include <cmath>
#include <ostream>

#include "reports/engine.hpp"
#include "reports/text.hpp"

namespace tapedeck::reports {
namespace {

constexpr double pause = 10;             // seconds, between lines
constexpr double shortest_pause = 0.05;  // between writing over
constexpr const char* clear_line = "\r\33[K";

std::string bar(double share) {
  constexpr int width = 24;
  const int filled = static_cast<int>(std::floor(share * width));
  return fmt::format("[{:#<{}}{:.<{}}]", "", filled, "", width - filled);
}

}  // namespace

Progress::Progress(std::ostream& out, bool over, const std::vector<Report>& reports,
                   std::optional<Index> trials, Clock clock)
    : out_(out),
      over_(over),
      trials_(trials),
      clock_(std::move(clock)),
      started_(clock_()),
      written_(started_) {
  for (const Report& report : reports) {
    for (const Experiment& e : report.experiments) left_ += work_of(e) * static_cast<double>(trials_of(e));
  }
}

Progress::~Progress() {
  if (over_) out_ << clear_line << std::flush;
}

void Progress::begin(const Report& report) {
  report_ = report.name;
  finished_ = all_ = 0;
  for (const Experiment& experiment : report.experiments) all_ += trials_of(experiment);
}

void Progress::trial(const Experiment& experiment, bool computed) {
  ++finished_;
  left_ -= work_of(experiment);
  if (!computed) return;
  done_ += work_of(experiment);
  const double now = clock_();
  if (now - written_ < (over_ ? shortest_pause : pause)) return;
  written_ = now;
  const std::string line = fmt::format("{}: {} of {} trials, {} left", report_, finished_, all_,
                                       shown_duration((now - started_) * left_ / done_));
  if (over_) {
    out_ << clear_line << bar(done_ / (done_ + left_)) << ' ' << line << std::flush;
  } else {
    out_ << line << std::endl;
  }
}

void Progress::end(const ReportOutcome& outcome) {
  if (over_) out_ << clear_line;
  const Index computed = all_ - outcome.found;
  out_ << fmt::format("{}: {} trials", report_, computed);
  if (outcome.found > 0) out_ << fmt::format(", and {} that were there already", outcome.found);
  if (computed > 0) {
    out_ << fmt::format("; {} steps in {}, {} a second", shown_count(outcome.steps),
                        shown_duration(outcome.seconds), shown_count(steps_per_second(outcome)));
  }
  out_ << std::endl;
}

}  // namespace tapedeck::reports
