#include "reports/program.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <ostream>

#include "cli/gnuplot.hpp"
#include "reports/all.hpp"
#include "reports/archive.hpp"
#include "reports/engine.hpp"
#include "reports/page.hpp"
#include "reports/progress.hpp"
#include "reports/tables.hpp"
#include "tapedeck/core/threads.hpp"

namespace tapedeck::reports {
namespace {

constexpr Index quick_trials = 2;

struct ProgramOptions {
  bool list = false;
  std::vector<std::string> only;
  bool quick = false;
  Index threads = tapedeck::threads();
  std::filesystem::path folder = "results";
  RunOptions run;
};

void add_options(CLI::App& app, ProgramOptions& options, const std::vector<Report>& reports) {
  std::vector<std::string> names;
  for (const Report& report : reports) names.push_back(report.name);
  app.add_flag("--list", options.list, "List the reports, their experiments and figures");
  app.add_option("--only", options.only,
                 "Run only these reports; others stay on the page if they are finished")
      ->delimiter(',')
      ->check(CLI::IsMember(names))
      ->type_name("NAME[,NAME...]");
  CLI::Option* quick =
      app.add_flag("--quick", options.quick,
                   fmt::format("{} trials of each experiment: a look at everything", quick_trials));
  app.add_option("--trials", options.run.trials, "Trials of each experiment, instead of its own number")
      ->check(CLI::Range(1, 100000))
      ->excludes(quick)
      ->type_name("N");
  app.add_flag("--again", options.run.again, "Compute again what is finished already");
  app.add_option("--seed", options.run.seed, "Everything random follows from it")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->type_name("N");
  app.add_option("--threads", options.threads,
                 "Threads that trials are spread over; results do not depend on it")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str()
      ->type_name("N");
  app.add_option("--out", options.folder, "Where the results go")->capture_default_str()->type_name("DIR");
  app.footer(
      "Finished trials are kept in DIR/trials: after an interruption the same command goes on from there.");
}

std::string list(const std::vector<Report>& reports) {
  std::string lines;
  for (const Report& report : reports) {
    lines += fmt::format("{}  {}\n", report.name, report.title);
    for (const Experiment& experiment : report.experiments) {
      lines += fmt::format("    {}: {} epochs, {} trials\n", experiment.setting, experiment.epochs,
                           experiment.trials);
    }
    for (const auto& row : report.figures) {
      for (const Figure& figure : row) lines += fmt::format("    picture: {}\n", caption_of(figure));
    }
  }
  return lines;
}

std::string machine() {
  std::ifstream information("/proc/cpuinfo");
  std::string processor = "an unknown processor";
  for (std::string line; std::getline(information, line);) {
    if (line.starts_with("model name")) {
      processor = line.substr(line.find(':') + 2);
      break;
    }
  }
  return fmt::format("{} thread{} of {}", threads(), threads() == 1 ? "" : "s", processor);
}

std::string command_of(const ProgramOptions& options) {
  std::string command = fmt::format("bench/run --seed {}", options.run.seed);
  if (options.quick) {
    command += " --quick";
  } else if (options.run.trials) {
    command += fmt::format(" --trials {}", *options.run.trials);
  }
  return command;
}

/// What is asked for is run; of the rest, what is finished is found.
std::vector<ReportOutcome> run_all(const std::vector<Report>& reports, const ProgramOptions& options,
                                   std::ostream& err, bool terminal) {
  const auto wanted = [&](const Report& report) {
    return options.only.empty() ||
           std::find(options.only.begin(), options.only.end(), report.name) != options.only.end();
  };
  std::vector<Report> to_run;
  std::copy_if(reports.begin(), reports.end(), std::back_inserter(to_run), wanted);

  Progress progress(err, terminal, to_run, options.run.trials);
  RunOptions run_options = options.run;
  run_options.on_trial = [&](const Experiment& experiment, bool computed) {
    progress.trial(experiment, computed);
  };
  std::vector<ReportOutcome> outcomes;
  for (const Report& report : reports) {
    if (wanted(report)) {
      progress.begin(report);
      outcomes.push_back(run(report, run_options));
      progress.end(outcomes.back());
    } else if (auto finished = find_finished(report, run_options)) {
      outcomes.push_back(std::move(*finished));
    }
  }
  return outcomes;
}

void write_results(const std::vector<ReportOutcome>& outcomes, const ProgramOptions& options) {
  const RunFacts facts{.command = command_of(options),
                       .machine = machine(),
                       .date = fmt::format("{:%d %B %Y}", fmt::gmtime(std::time(nullptr))),
                       .quick = options.quick};
  std::filesystem::create_directories(options.folder / "curves");
  for (const ReportOutcome& outcome : outcomes) {
    write_file(options.folder / "curves" / (outcome.report.name + ".csv"), curves_csv(outcome));
  }
  write_file(options.folder / "summary.csv", summary_csv(outcomes));
  write_file(options.folder / "index.html", page(outcomes, facts));
}

}  // namespace

int run_program(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err,
                bool terminal) {
  const std::vector<Report> reports = all_reports();
  ProgramOptions options;
  CLI::App app("Trains the networks of the reports, and writes index.html, summary.csv and curves/.",
               "bench/run");
  add_options(app, options, reports);
  try {
    app.parse(std::vector(arguments.rbegin(), arguments.rend()));  // CLI11 takes them from the back
  } catch (const CLI::ParseError& error) {
    return app.exit(error, out, err) == 0 ? 0 : 2;
  }
  if (options.list) {
    out << list(reports);
    return 0;
  }
  if (options.quick) options.run.trials = quick_trials;

  try {
    gnuplot::require();  // found out before minutes are spent
    const Archive archive(options.folder / "trials");
    options.run.archive = &archive;
    set_threads(options.threads);
    const std::vector<ReportOutcome> outcomes = run_all(reports, options, err, terminal);
    write_results(outcomes, options);
    out << text_table(outcomes);
    err << "written: " << (options.folder / "index.html").string() << ", "
        << (options.folder / "summary.csv").string() << ", " << (options.folder / "curves").string()
        << "/*.csv\n";
  } catch (const std::exception& error) {
    err << "bench/run: " << error.what() << "\n";
    return 1;
  }
  return 0;
}

}  // namespace tapedeck::reports
