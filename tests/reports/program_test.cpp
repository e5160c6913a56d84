// bench/run as its users see it.

#include "reports/program.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "reports/fixtures.hpp"

using test::contains;
using test::content_of;
using test::page_is_sound;
using test::program;
using test::ProgramRun;
using test::without_seconds;

BOOST_AUTO_TEST_SUITE(reports)
BOOST_AUTO_TEST_SUITE(program_of)

BOOST_AUTO_TEST_CASE(bad_options_are_refused) {
  const auto refused = [](const std::vector<std::string>& arguments, const std::string& part) {
    const ProgramRun result = program(arguments);
    BOOST_TEST(result.code == 2);
    BOOST_TEST(result.out.empty());
    BOOST_TEST(contains(result.err, part), result.err << " does not say " << part);
  };
  refused({"--only", "R7"}, "R7 not in {R0,R1,R2,R3,R4}");
  refused({"--only", "R2,R7"}, "R7 not in {R0,R1,R2,R3,R4}");
  refused({"--trials", "0"}, "0 not in range");
  refused({"--trials", "-3"}, "--trials");
  refused({"--trials", "many"}, "--trials");
  refused({"--trials", "3", "--quick"}, "excludes");
  refused({"--threads", "0"}, "0 not in range");
  refused({"--seed", "-1"}, "--seed");
  refused({"--seed"}, "--seed");
  refused({"--colour"}, "--colour");
  refused({"R2"}, "R2");
}

BOOST_AUTO_TEST_CASE(a_folder_that_cannot_be_made_is_told) {
  const test::TemporaryFolder folder;
  std::ofstream(folder.path / "file") << "in the way";
  const ProgramRun result =
      program({"--only", "R3", "--trials", "1", "--out", (folder.path / "file" / "x").string()});
  BOOST_TEST(result.code == 1);
  BOOST_TEST(result.err.starts_with("bench/run: "));
}

BOOST_AUTO_TEST_CASE(help_and_list_go_to_standard_output) {
  const ProgramRun help = program({"--help"});
  BOOST_TEST(help.code == 0);
  for (const char* option :
       {"--list", "--only", "--quick", "--trials", "--again", "--seed", "--threads", "--out"}) {
    BOOST_TEST(contains(help.out, option));
  }
  const ProgramRun list = program({"--list"});
  BOOST_TEST(list.code == 0);
  BOOST_TEST(list.err.empty());
  BOOST_TEST(contains(list.out, "R2  Mini Deep Learning Framework without Autograd\n"));
  BOOST_TEST(contains(list.out, "    model 1: 250 epochs, 20 trials\n"));
  BOOST_TEST(contains(list.out, "    picture: Figure 3: predictions of model 1\n"));
  for (const char* name : {"R0  ", "R1  ", "R3  ", "R4  "}) BOOST_TEST(contains(list.out, name));
}

BOOST_AUTO_TEST_CASE(threads_do_not_change_what_the_program_writes) {
  const test::TemporaryFolder folder;
  std::vector<std::string> summaries;
  std::vector<std::string> curves;
  for (const std::string threads : {"1", "2"}) {
    const std::filesystem::path out = folder.path / threads;
    const ProgramRun result = program(
        {"--only", "R3", "--trials", "2", "--threads", threads, "--seed", "3", "--out", out.string()});
    BOOST_TEST(result.code == 0, result.err);
    BOOST_TEST(result.out.starts_with("R3: "));
    BOOST_TEST(contains(result.err, "R3: 8 trials; 800 steps in "));
    BOOST_TEST(page_is_sound(out / "index.html"));
    summaries.push_back(without_seconds(content_of(out / "summary.csv")));
    curves.push_back(content_of(out / "curves" / "R3.csv"));
  }
  BOOST_TEST(test::lines_of(summaries[0]).size() == 1 + 4 * 4);
  BOOST_TEST(summaries[0] == summaries[1]);
  BOOST_TEST(curves[0] == curves[1]);
}

BOOST_AUTO_TEST_CASE(what_is_finished_is_not_run_again_and_stays_on_the_page) {
  const test::TemporaryFolder folder;
  const auto run = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--trials", "1", "--out", folder.path.string()});
    const ProgramRun result = program(arguments);
    BOOST_TEST(result.code == 0, result.err);
    return result.err;
  };
  BOOST_TEST(contains(run({"--only", "R3"}), "R3: 4 trials; 400 steps"));
  const std::string summary = content_of(folder.path / "summary.csv");
  BOOST_TEST(contains(run({"--only", "R3"}), "R3: 0 trials, and 4 that were there already\n"));
  BOOST_TEST(content_of(folder.path / "summary.csv") ==
             summary);  // times too: they are those of the first run
  BOOST_TEST(contains(run({"--only", "R3", "--again"}), "R3: 4 trials; 400 steps"));
  const std::string both = run({"--only", "R1"});
  BOOST_TEST(!contains(both, "R3"));
  const std::string page = content_of(folder.path / "index.html");
  BOOST_TEST(contains(page, "<section id=\"R1\">"));
  BOOST_TEST(contains(page, "<section id=\"R3\">"));
  BOOST_TEST(!contains(page, "<section id=\"R2\">"));
  BOOST_TEST(contains(page, "all losses and accuracies of all epochs are the same bits in 2 of 2 trainings"));
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
