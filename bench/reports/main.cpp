#include <unistd.h>

#include <iostream>

#include "reports/program.hpp"

int main(int argc, char** argv) {
  return tapedeck::reports::run_program({argv + 1, argv + argc}, std::cout, std::cerr,
                                        isatty(STDERR_FILENO) != 0);
}
