#include "peers/figures.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <string>
#include <vector>

#include "peers/ours.hpp"

namespace tapedeck::peers {
namespace {

const Workload& workload_named(const char* name) {
  const auto& table = all_workloads();
  return *std::find_if(table.begin(), table.end(), [&](const Workload& w) { return w.name == name; });
}

// A line such as "VmHWM:  1234 kB" of Linux's account of this process, in bytes.
std::optional<double> memory(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kilobytes = 0;
    if (word == key && status >> kilobytes) return 1024 * kilobytes;
  }
  return std::nullopt;
}

// Makes the peak what the process takes now; false where Linux does not let it.
bool reset_peak() {
  std::ofstream file("/proc/self/clear_refs");
  file << "5" << std::flush;
  return file.good();
}

}  // namespace

Footprint measure_footprint() {
  const Problem problem(workload_named("w3"), 1e-6);
  const Workload& workload = problem.workload;
  const std::optional<double> before = memory("VmRSS:");
  Ours ours(problem);
  ours.take_threads();
  ours.run(1);
  const bool reset = reset_peak();
  ours.run(1);
  const std::optional<double> peak = memory("VmHWM:");

  Footprint found{
      .parameters = ours.parameter_bytes(), .activations = 0, .tape = ours.tape_bytes(), .peak = {}};
  for (std::size_t i = 1; i < workload.widths.size(); ++i) {
    found.activations += workload.widths[i] * workload.batch * sizeof(float);
  }
  const std::size_t data = (problem.in() + problem.out()) * problem.samples() * sizeof(float);
  if (reset && before && peak) found.peak = *peak - *before - static_cast<double>(data);
  return found;
}

Latency measure_latency() {
  using Clock = std::chrono::steady_clock;
  constexpr std::size_t count = 1'000'000;
  Workload workload = workload_named("w1");
  workload.pass = Pass::forward;
  const Problem problem(workload, 1e-6);
  Ours ours(problem);
  ours.take_threads();
  ours.run(1000);

  std::vector<double> nanoseconds(count);
  const auto percentile = [&](double share) {
    const auto nth = nanoseconds.begin() + static_cast<std::ptrdiff_t>(share * count);
    std::nth_element(nanoseconds.begin(), nth, nanoseconds.end());
    return *nth;
  };
  const auto time_each = [&](const auto& what) {
    for (double& one : nanoseconds) {
      const auto start = Clock::now();
      what();
      one = std::chrono::duration<double, std::nano>(Clock::now() - start).count();
    }
  };
  time_each([] {});
  const double clock = percentile(0.5);
  time_each([&] { ours.run(1); });
  return {.count = count, .clock = clock, .median = percentile(0.5), .percentile = percentile(0.9999)};
}

}  // namespace tapedeck::peers
