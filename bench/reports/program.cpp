#include "reports/program.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <stdexcept>
#include <thread>

#include "reports/all.hpp"
#include "reports/chart.hpp"
#include "reports/engine.hpp"
#include "reports/page.hpp"
#include "reports/progress.hpp"
#include "reports/tables.hpp"

namespace tapedeck::reports {
namespace {

std::string list(const std::vector<Report>& reports) {
  std::string lines;
  for (const Report& report : reports) {
    lines += fmt::format("{}  {}\n", report.name, report.title);
    for (const Experiment& experiment : report.experiments) {
      lines += fmt::format("    {}, {}: {} epochs, {} trials\n", experiment.item, experiment.setting,
                           experiment.epochs, experiment.trials);
    }
  }
  return lines;
}

void write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;
  if (!file) throw std::runtime_error("cannot write " + path.string());
}

}  // namespace

int run_program(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err,
                bool terminal) {
  std::vector<Report> reports = all_reports();
  std::vector<std::string> names;
  for (const Report& report : reports) names.push_back(report.name);

  bool only_list = false;
  std::vector<std::string> only;
  RunOptions options{.threads = std::max(1U, std::thread::hardware_concurrency())};
  std::string folder = "results";
  CLI::App app("Trains the networks of the reports, and writes index.html and summary.csv.", "bench/run");
  app.add_flag("--list", only_list, "List the reports and their experiments");
  app.add_option("--only", only, "Run only these reports; may be repeated")
      ->delimiter(',')
      ->check(CLI::IsMember(names))
      ->type_name("NAME[,NAME...]");
  app.add_option("--trials", options.trials, "Trials of each experiment, instead of its own number")
      ->check(CLI::Range(1, 100000))
      ->type_name("N");
  app.add_option("--seed", options.seed, "Everything random follows from it")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->type_name("N");
  app.add_option("--threads", options.threads,
                 "Threads that trials are spread over; results do not depend on it")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str()
      ->type_name("N");
  app.add_option("--out", folder, "Where the results go")->capture_default_str()->type_name("DIR");
  try {
    app.parse(std::vector(arguments.rbegin(), arguments.rend()));  // CLI11 takes them from the back
  } catch (const CLI::ParseError& error) {
    return app.exit(error, out, err) == 0 ? 0 : 2;
  }
  if (only_list) {
    out << list(reports);
    return 0;
  }
  if (!only.empty()) {
    std::erase_if(reports, [&](const Report& report) {
      return std::find(only.begin(), only.end(), report.name) == only.end();
    });
  }

  try {
    // Found out before hours are spent.
    require_gnuplot();
    std::filesystem::create_directories(folder);
    std::string command = fmt::format("bench/run --seed {}", options.seed);
    if (options.trials) command += fmt::format(" --trials {}", *options.trials);

    std::vector<ReportOutcome> outcomes;
    for (const Report& report : reports) {
      Progress progress(err, terminal, report, options.trials);
      options.on_trial = [&](const Experiment& experiment) { progress.trial_finished(experiment); };
      outcomes.push_back(run(report, options));
    }
    const std::filesystem::path results = folder;
    write(results / "summary.csv", summary_csv(outcomes));
    write(results / "index.html", page(outcomes, command));
    out << text_table(outcomes);
    err << "written: " << (results / "index.html").string() << ", " << (results / "summary.csv").string()
        << "\n";
  } catch (const std::exception& error) {
    err << "bench/run: " << error.what() << "\n";
    return 1;
  }
  return 0;
}

}  // namespace tapedeck::reports
