#include "tapedeck/train/callbacks.hpp"

#include <unistd.h>

#include <chrono>
#include <cmath>
#include <iostream>
#include <memory>
#include <string>

#include "core/text.hpp"
#include "tapedeck/core/error.hpp"

namespace tapedeck {
namespace {

using Clock = std::chrono::steady_clock;

std::string line(const EpochReport& report) {
  std::string text = "epoch " + std::to_string(report.epoch + 1) + "/" + std::to_string(report.epochs) +
                     "  loss " + to_text(report.loss, 4);
  if (report.validation_loss) text += "  validation loss " + to_text(*report.validation_loss, 4);
  return text;
}

bool is_terminal(const std::ostream& out) {
  if (&out == &std::cout) return isatty(STDOUT_FILENO) == 1;
  if (&out == &std::cerr) return isatty(STDERR_FILENO) == 1;
  return false;
}

// Draws the bar at most ten times a second.
class Bar {
 public:
  explicit Bar(std::ostream& out) : out_(out) {}

  void update(double done, const std::string& text) {
    const auto now = Clock::now();
    const std::chrono::duration<double> elapsed = now - start_;
    if (done < 1 && now - drawn_ < std::chrono::milliseconds(100)) return;
    drawn_ = now;
    constexpr int width = 30;
    const int full = static_cast<int>(done * width);
    const double left = done > 0 ? elapsed.count() * (1 - done) / done : 0;
    out_ << "\r[" << std::string(static_cast<std::size_t>(full), '#')
         << std::string(static_cast<std::size_t>(width - full), '.') << "] " << text << "  "
         << std::to_string(static_cast<long>(std::ceil(left))) << " s left \x1b[K" << (done < 1 ? "" : "\n")
         << std::flush;
  }

 private:
  std::ostream& out_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point drawn_ = {};
};

}  // namespace

Callback log_every(Index n, std::ostream& out) {
  if (n == 0)
    throw OptionError({.who = "log_every", .given = "0", .wanted = "a number of epochs of at least 1"});
  return {[n, &out](EpochReport& report) {
    const Index number = report.epoch + 1;  // as it is written
    if (number == 1 || number % n == 0 || number == report.epochs || report.stop) out << line(report) << '\n';
  }};
}

Callback progress_bar(std::ostream& out) {
  if (!is_terminal(out)) return {[](EpochReport&) {}};
  const auto bar = std::make_shared<Bar>(out);
  const auto fraction = [](Index epoch, Index epochs, double within) {
    return (static_cast<double>(epoch) + within) / static_cast<double>(epochs);
  };
  return {[=](EpochReport& report) {
            bar->update(report.stop ? 1 : fraction(report.epoch, report.epochs, 1), line(report));
          },
          [=](const StepReport& report) {
            const double within = static_cast<double>(report.step) / static_cast<double>(report.steps);
            bar->update(fraction(report.epoch, report.epochs, within),
                        "epoch " + std::to_string(report.epoch + 1) + "/" + std::to_string(report.epochs));
          }};
}

}  // namespace tapedeck
