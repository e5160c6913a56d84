#include <atomic>
#include <csignal>
#include <iostream>

#include "cli/program.hpp"

namespace {

std::atomic<bool> interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal's handler may touch nothing else");

}  // namespace

int main(int argc, char** argv) {
  // The first Ctrl-C asks for an end after the batch, the second one ends at once.
  std::signal(SIGINT, [](int) {
    interrupted = true;
    std::signal(SIGINT, SIG_DFL);
  });
  return tapedeck::cli::run_program({argv + 1, argv + argc}, {std::cout, std::cerr, interrupted});
}
