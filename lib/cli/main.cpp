#include <atomic>
#include <csignal>
#include <iostream>

#include "cli/program.hpp"

namespace {

std::atomic<int> last_signal = 0;
static_assert(std::atomic<int>::is_always_lock_free, "a signal's handler may touch nothing else");

// The first one asks for an end after the batch, the second one ends at once.
void ask_for_an_end(int signal) {
  last_signal = signal;
  std::signal(signal, SIG_DFL);
}

// What the parent wanted to be ignored, as a shell does for what it runs in the background, stays ignored.
void let_signals_ask(bool ask) {
  for (const int signal : {SIGINT, SIGTERM}) {
    if (std::signal(signal, ask ? ask_for_an_end : SIG_DFL) == SIG_IGN) std::signal(signal, SIG_IGN);
  }
}

}  // namespace

int main(int argc, char** argv) {
  return tapedeck::cli::run_program({argv + 1, argv + argc},
                                    {std::cout, std::cerr, last_signal, let_signals_ask});
}
