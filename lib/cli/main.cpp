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

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGINT, ask_for_an_end);
  std::signal(SIGTERM, ask_for_an_end);
  return tapedeck::cli::run_program({argv + 1, argv + argc}, {std::cout, std::cerr, last_signal});
}
