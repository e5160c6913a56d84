#pragma once

/// @file
/// Where the program writes, and how it learns that it is to stop.

#include <atomic>
#include <functional>
#include <iosfwd>
#include <stdexcept>

namespace tapedeck::cli {

struct Console {
  std::ostream& out;               ///< results, and nothing else
  std::ostream& err;               ///< progress and complaints
  const std::atomic<int>& signal;  ///< the number of the one that asks for an end: Ctrl-C's, or SIGTERM; or 0
  /// Whether Ctrl-C and SIGTERM set `signal`, or end the program at once, as they do at first.
  std::function<void(bool)> let_signals_ask = [](bool) {};
};

/// While it lives, signals ask for an end.
class SignalsAsk {
 public:
  explicit SignalsAsk(const Console& console) : console_(console) { console_.let_signals_ask(true); }
  SignalsAsk(const SignalsAsk&) = delete;
  SignalsAsk& operator=(const SignalsAsk&) = delete;
  ~SignalsAsk() { console_.let_signals_ask(false); }

 private:
  const Console& console_;
};

/// Training was interrupted; what it says tells how to go on.
struct Interrupted : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace tapedeck::cli
