#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <memory>
#include <stdexcept>

#include "blas_kernels.hpp"
#include "peers/agreement.hpp"
#include "peers/comparison.hpp"
#include "peers/contender.hpp"
#include "peers/figures.hpp"

namespace tapedeck::peers {
namespace {

struct Options {
  bool list = false;
  bool check = false;
  std::vector<std::string> only = {};
  std::vector<std::size_t> batches = {};
  double alone = 0;
  std::string json_file = {};
  std::string coretype = {};
  MeasureOptions measure = {};
};

void say(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);  // a table that is followed as it grows
}

// Throws if a contender does other work than ours.
void require_agreement(const Workload& workload, bool tell) {
  for (const Agreement& one : agreements(workload)) {
    const std::string line = fmt::format("{:36}{:20}differs by {:.1e}, at most {:.1e}", title(workload),
                                         one.contender, one.difference, one.tolerance);
    if (!one.holds()) throw std::runtime_error("not the same arithmetic: " + line);
    if (tell) say(line + "\n");
  }
}

void tell_figures() {
  constexpr double mb = 1e-6;
  const Footprint memory = measure_footprint();
  say(fmt::format(
      "memory of a step of w3, MB: parameters, gradients and velocity 3 x {:.1f}, activations {:.1f}, "
      "together {:.1f}; taken {:.1f} (tape {:.1f}): {:.3f} of it; peak of the process {}\n",
      mb * static_cast<double>(memory.parameters), mb * static_cast<double>(memory.activations),
      mb * memory.needed(), mb * memory.taken(), mb * static_cast<double>(memory.tape),
      memory.taken() / memory.needed(),
      memory.peak ? fmt::format("{:.1f}: {:.3f}", mb * *memory.peak, *memory.peak / memory.needed())
                  : "unknown"));
  const Latency latency = measure_latency();
  say(fmt::format(
      "inference of w1, one sample, {} times, ns: median {:.0f}, 99.99th percentile {:.0f}; the clock's "
      "part is {:.0f}\n",
      latency.count, latency.median, latency.percentile, latency.clock));
}

void compare(const std::vector<Workload>& workloads, const Options& options) {
  say(heading(options.measure));
  if (options.only.empty() && options.batches.empty()) tell_figures();
  say("\n" + table_head());
  std::vector<Row> rows;
  for (const Workload& workload : workloads) {
    require_agreement(workload, false);
    rows.push_back(measure(workload, options.measure));
    say(table_line(rows.back()));
  }
  if (options.json_file.empty()) return;
  std::ofstream file(options.json_file);
  file << json(rows) << std::flush;
  if (!file) throw std::runtime_error("cannot write " + options.json_file);
}

// Ours for so many seconds and nothing else, for a profiler.
void run_alone(const Workload& workload, double seconds) {
  const Problem problem(workload, 1e-6);
  const std::unique_ptr<Contender> ours = make_ours(problem);
  ours->take_threads();
  const auto now = [] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  };
  const double start = now();
  std::size_t steps = 0;
  for (std::size_t next = 1; now() - start < seconds; next *= 2) {
    next = std::min<std::size_t>(next, 1024);
    ours->run(next);
    steps += next;
  }
  say(fmt::format("{:36}{:10.2f} us a step\n", title(workload),
                  1e6 * (now() - start) / static_cast<double>(steps)));
}

// OpenMP's threads would spin between libtorch's products, on the processors that OpenBLAS's threads want:
// that made it four times slower at two threads. They are told not to by the environment, which is read
// before main begins; hence the second start.
void let_threads_sleep(char** argv) {
  if (std::getenv("OMP_WAIT_POLICY") != nullptr) return;
  setenv("OMP_WAIT_POLICY", "passive", 1);
  execv("/proc/self/exe", argv);  // where that cannot be, it goes on as it is
}

int run(int argc, char** argv) {
  std::vector<Workload> workloads = all_workloads();
  std::vector<std::string> names;
  for (const Workload& workload : workloads) {
    if (names.empty() || names.back() != workload.name) names.push_back(workload.name);
  }

  Options options;
  CLI::App app("Times training steps of Tapedeck beside the same steps of others.", "tapedeck_compare");
  app.add_flag("--list", options.list, "List the rows of the table");
  app.add_flag("--check", options.check, "Only check that the contenders do the same arithmetic");
  app.add_option("--only", options.only, "Only these workloads, all their rows")
      ->delimiter(',')
      ->check(CLI::IsMember(names))
      ->type_name("NAME[,NAME...]");
  app.add_option("--batch", options.batches, "Of these, only the rows of these batches")
      ->delimiter(',')
      ->type_name("N[,N...]");
  app.add_option("--alone", options.alone,
                 "Only run ours, so long for each row of one thread: for a profiler")
      ->check(CLI::Range(0.001, 3600.0))
      ->type_name("SECONDS");
  app.add_option("--min-time", options.measure.min_time, "Seconds that a contender runs in each repetition")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str()
      ->type_name("SECONDS");
  app.add_option("--repetitions", options.measure.repetitions, "In each of which all contenders run in turn")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str()
      ->type_name("N");
  app.add_option("--json", options.json_file, "Write the table there, as an array of objects")
      ->type_name("FILE");
  app.add_option(
         "--coretype", options.coretype,
         "OpenBLAS's kernels: Haswell, SkylakeX, ...; otherwise those that it chooses itself, whatever "
         "the environment says")
      ->type_name("NAME");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const auto chosen = [](const auto& among, const auto& one) {
    return among.empty() || std::find(among.begin(), among.end(), one) != among.end();
  };
  std::erase_if(workloads, [&](const Workload& workload) {
    return !chosen(options.only, workload.name) || !chosen(options.batches, workload.batch);
  });
  if (options.list) {
    for (const Workload& workload : workloads) say(title(workload) + "\n");
  } else if (options.check) {
    for (const Workload& workload : workloads) require_agreement(workload, true);
  } else if (options.alone > 0) {
    std::erase_if(workloads, [](const Workload& workload) { return workload.threads != 1; });
    for (const Workload& workload : workloads) run_alone(workload, options.alone);
  } else {
    compare(workloads, options);
  }
  return 0;
}

}  // namespace
}  // namespace tapedeck::peers

int main(int argc, char** argv) {
  try {
    tapedeck::peers::let_threads_sleep(argv);
    tapedeck::bench::set_blas_kernels(tapedeck::bench::coretype_option(argv), argv);
    return tapedeck::peers::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "tapedeck_compare: {}\n", error.what());
    return 1;
  }
}
