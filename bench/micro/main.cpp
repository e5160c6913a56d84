#include <benchmark/benchmark.h>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "blas_kernels.hpp"

// As Google Benchmark's own main, with the option --coretype NAME, and OpenBLAS's kernels among what it
// prints first.
int main(int argc, char** argv) {
  try {
    tapedeck::bench::set_blas_kernels(tapedeck::bench::coretype_option(argv), argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tapedeck_bench: %s\n", error.what());
    return 1;
  }
  std::vector<char*> arguments;
  for (int i = 0; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--coretype") {
      ++i;
    } else if (!argument.starts_with("--coretype=")) {
      arguments.push_back(argv[i]);
    }
  }
  int count = static_cast<int>(arguments.size());
  arguments.push_back(nullptr);

  benchmark::AddCustomContext("BLAS", tapedeck::bench::blas_in_use());
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
