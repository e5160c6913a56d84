#pragma once

/// @file
/// Where the program writes, and which signals it received.

#include <atomic>
#include <functional>
#include <iosfwd>
#include <stdexcept>
#include <string>

namespace tapedeck::cli {

struct Console {
  std::ostream& out;               ///< results, and nothing else
  std::ostream& err;               ///< progress, warnings and errors
  const std::atomic<int>& signal;  ///< the SIGINT (Ctrl-C), SIGTERM or SIGHUP that was caught; or 0
  /// With true these signals are caught and set `signal`; with false, as at first, they end the program.
  std::function<void(bool)> catch_signals = [](bool) {};
};

/// Writes a warning to standard error.
void warn(const Console& console, const std::string& text);

/// Catches signals while it lives.
class SignalCatcher {
 public:
  explicit SignalCatcher(const Console& console) : console_(console) { console_.catch_signals(true); }
  SignalCatcher(const SignalCatcher&) = delete;
  SignalCatcher& operator=(const SignalCatcher&) = delete;
  ~SignalCatcher() { console_.catch_signals(false); }

 private:
  const Console& console_;
};

/// Thrown when training is interrupted, after a save. The text says how to go on.
struct Interrupted : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace tapedeck::cli
