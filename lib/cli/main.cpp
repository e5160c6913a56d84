#include <atomic>
#include <csignal>
#include <iostream>

#include "cli/program.hpp"

namespace {

std::atomic<int> last_signal = 0;
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler may touch nothing else");

// The first signal asks training to end after the batch, the second one ends the program at once.
void remember(int signal) {
  last_signal = signal;
  std::signal(signal, SIG_DFL);
}

// A signal that the parent ignores stays ignored: shells do that for what runs in the background, nohup for
// SIGHUP.
void catch_signals(bool caught) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    if (std::signal(signal, caught ? remember : SIG_DFL) == SIG_IGN) std::signal(signal, SIG_IGN);
  }
}

}  // namespace

int main(int argc, char** argv) {
  return tapedeck::cli::run_program({argv + 1, argv + argc},
                                    {std::cout, std::cerr, last_signal, catch_signals});
}
