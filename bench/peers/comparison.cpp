#include "peers/comparison.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "blas_kernels.hpp"
#include "peers/contender.hpp"

namespace tapedeck::peers {
namespace {

using Clock = std::chrono::steady_clock;

double seconds(Contender& contender, std::size_t steps) {
  const auto start = Clock::now();
  contender.run(steps);
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// A contender and what was found out about it.
struct Entry {
  std::unique_ptr<Contender> contender;
  unsigned threads = 0;
  std::size_t steps = 1;           // of one repetition
  std::vector<double> times = {};  // by repetition; microseconds of a step

  // Threads of the one before wait awhile for more work before they sleep, on processors that are now ours.
  void prepare(const Workload& workload) {
    threads = contender->take_threads();
    if (workload.threads > 1) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }

  void warm_up(const Workload& workload, double min_time) {
    prepare(workload);
    seconds(*contender, 1);
    double taken = seconds(*contender, steps);
    for (; taken < min_time / 4; taken = seconds(*contender, steps)) steps *= 2;
    steps = std::max<std::size_t>(1, static_cast<std::size_t>(static_cast<double>(steps) * min_time / taken));
  }

  void repeat(const Workload& workload) {
    prepare(workload);
    times.push_back(1e6 * seconds(*contender, steps) / static_cast<double>(steps));
  }

  Timing timing() const {
    std::vector<double> sorted = times;
    std::sort(sorted.begin(), sorted.end());
    const std::size_t n = sorted.size();
    return {.median = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2, .best = sorted.front()};
  }
};

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown processor";
}

std::string cell(const std::optional<Timing>& timing) {
  if (!timing) return fmt::format("{:>21}", "-");
  const auto number = [](double us) { return fmt::format("{:.{}f}", us, us < 100 ? 2 : us < 10000 ? 1 : 0); };
  return fmt::format("{:>10} {:>10}", number(timing->best), number(timing->median));
}

}  // namespace

std::optional<double> Row::ratio_libtorch() const {
  if (!libtorch) return std::nullopt;
  return libtorch->best / ours.best;
}

Row measure(const Workload& workload, const MeasureOptions& options) {
  // A small rate keeps the networks what they are, however many steps a fast contender makes.
  const Problem problem(workload, 1e-6);
  Entry ours{make_ours(problem)};
  Entry gemm{make_gemm(problem)};
  Entry hand{make_hand(problem)};
  Entry libtorch{make_torch(problem)};
  std::vector<Entry*> present;
  for (Entry* entry : {&ours, &gemm, &hand, &libtorch}) {
    if (entry->contender) present.push_back(entry);
  }
  for (Entry* entry : present) entry->warm_up(workload, options.min_time);
  for (std::size_t i = 0; i < options.repetitions; ++i) {
    for (Entry* entry : present) entry->repeat(workload);
  }
  const auto timing = [](const Entry& entry) {
    return entry.contender ? std::optional(entry.timing()) : std::nullopt;
  };
  return {.workload = workload,
          .ours_threads = ours.threads,
          .ours = ours.timing(),
          .gemm = gemm.timing(),
          .hand = timing(hand),
          .libtorch = timing(libtorch)};
}

std::string heading(const MeasureOptions& options) {
#ifdef __clang__
  constexpr const char* compiler = "clang " __clang_version__;
#else
  constexpr const char* compiler = "g++ " __VERSION__;
#endif
  return fmt::format(
      "{}, {} processors; {}; {:%Y-%m-%d %H:%M} UTC\n"
      "{}\n"
      "{}\n"
      "{} repetitions of at least {} s each, contenders in turns; microseconds of a step\n",
      processor(), std::thread::hardware_concurrency(), compiler,
      fmt::gmtime(std::chrono::system_clock::now()), bench::blas_in_use(), torch_settings(),
      options.repetitions, options.min_time);
}

std::string table_head() {
  const std::string pair = fmt::format("{:>10} {:>10}  ", "best", "median");
  return fmt::format("{:36}{:>21}  {:>21}  {:>21}  {:>21}  {:>9} {:>8}\n", "", "ours", "products (gemm)",
                     "hand-written", "libtorch", "ours/gemm", "libtorch") +
         fmt::format("{:36}{}{}{}{}{:>9} {:>8}\n", "", pair, pair, pair, pair, "(best)", "/ours");
}

std::string table_line(const Row& row) {
  const Workload& workload = row.workload;
  std::string name = title(workload);
  if (row.ours_threads != workload.threads) name += fmt::format(" (ours {})", row.ours_threads);
  const auto ratio = row.ratio_libtorch();
  return fmt::format("{:36}{}  {}  {}  {}  {:9.2f} {:>8}\n", name, cell(row.ours), cell(row.gemm),
                     cell(row.hand), cell(row.libtorch), row.ratio_gemm(),
                     ratio ? fmt::format("{:.2f}", *ratio) : "-");
}

std::string json(const std::vector<Row>& rows) {
  using Json = nlohmann::ordered_json;
  const auto figure = [](const std::optional<Timing>& timing, double Timing::*which) {
    return timing ? Json((*timing).*which) : Json();
  };
  Json all = Json::array();
  for (const Row& row : rows) {
    const auto ratio = row.ratio_libtorch();
    all.push_back({{"workload", row.workload.name},
                   {"batch", row.workload.batch},
                   {"threads", row.workload.threads},
                   {"ours_threads", row.ours_threads},
                   {"ours_us", row.ours.median},
                   {"ours_best_us", row.ours.best},
                   {"gemm_us", row.gemm.median},
                   {"gemm_best_us", row.gemm.best},
                   {"ratio_gemm", row.ratio_gemm()},
                   {"hand_us", figure(row.hand, &Timing::median)},
                   {"hand_best_us", figure(row.hand, &Timing::best)},
                   {"libtorch_us", figure(row.libtorch, &Timing::median)},
                   {"libtorch_best_us", figure(row.libtorch, &Timing::best)},
                   {"ratio_libtorch", ratio ? Json(*ratio) : Json()}});
  }
  return all.dump(2) + "\n";
}

}  // namespace tapedeck::peers
