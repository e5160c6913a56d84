#include <unistd.h>

#include <exception>
#include <iostream>

#include "blas_kernels.hpp"
#include "reports/program.hpp"

int main(int argc, char** argv) {
  try {
    tapedeck::bench::set_blas_kernels("", argv);
  } catch (const std::exception& error) {
    std::cerr << "tapedeck_reports: " << error.what() << '\n';
    return 1;
  }
  return tapedeck::reports::run_program({argv + 1, argv + argc}, std::cout, std::cerr,
                                        isatty(STDERR_FILENO) != 0);
}
