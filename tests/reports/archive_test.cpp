// Finished trials are kept, and found again whatever happened in between.

#include "reports/archive.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "reports/fixtures.hpp"

namespace rep = tapedeck::reports;
namespace td = tapedeck;
using test::content_of;
using test::same_results;
using test::tiny_report;

BOOST_AUTO_TEST_SUITE(reports)
BOOST_AUTO_TEST_SUITE(archive)

namespace {

rep::ReportOutcome run_with(const rep::Archive& archive, rep::RunOptions options = {}) {
  options.archive = &archive;
  return rep::run(tiny_report(), options);
}

std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder) {
  const std::filesystem::directory_iterator entries(folder);
  return {begin(entries), end(entries)};
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_found_is_what_was_computed) {
  const test::TemporaryFolder folder;
  const rep::Archive archive(folder.path / "trials");
  const rep::ReportOutcome first = run_with(archive);
  BOOST_TEST(first.found == 0);
  BOOST_TEST(first.steps == 6 * 15);
  BOOST_TEST(files_in(folder.path / "trials").size() == 6);
  const rep::ReportOutcome second = run_with(archive);
  BOOST_TEST(second.found == 6);
  BOOST_TEST(second.steps == 0);
  BOOST_TEST(same_results(first, second));
  const rep::Trial& a = first.outcomes[0].trials[0];
  const rep::Trial& b = second.outcomes[0].trials[0];
  BOOST_TEST(a.seconds == b.seconds);
  BOOST_TEST(arma::approx_equal(a.picture->wrong, b.picture->wrong, "absdiff", 0));
  BOOST_TEST(arma::approx_equal(a.before->gradient, b.before->gradient, "absdiff", 0));
}

BOOST_AUTO_TEST_CASE(more_trials_compute_what_is_missing) {
  const test::TemporaryFolder folder;
  const rep::Archive archive(folder.path);
  run_with(archive, {.trials = 2});
  const rep::ReportOutcome more = run_with(archive, {.trials = 5});
  BOOST_TEST(more.found == 4);
  BOOST_TEST(more.steps == 6 * 15);
  BOOST_TEST(same_results(more, rep::run(tiny_report(), {.trials = 5})));
}

BOOST_AUTO_TEST_CASE(other_descriptions_seeds_and_reports_are_not_found) {
  const test::TemporaryFolder folder;
  const rep::Archive archive(folder.path);
  run_with(archive);
  BOOST_TEST(run_with(archive, {.seed = 2}).found == 0);
  const auto found_if = [&](const std::function<void(rep::Report&)>& change) {
    rep::Report report = tiny_report();
    change(report);
    return rep::run(report, {.archive = &archive}).found;
  };
  BOOST_TEST(found_if([](rep::Report& r) { r.name = "R8"; }) == 0);
  BOOST_TEST(found_if([](rep::Report& r) { r.experiments[0].epochs = 6; }) == 3);
  BOOST_TEST(found_if([](rep::Report& r) { r.experiments[0].optimizer = rep::sgd(0.02); }) == 3);
  BOOST_TEST(found_if([](rep::Report& r) { r.experiments[0].batch_size = 30; }) == 3);
  BOOST_TEST(found_if([](rep::Report& r) { r.experiments[0].network[1] = rep::tanh(); }) == 3);
  BOOST_TEST(found_if([](rep::Report& r) { r.experiments[0].standardized = true; }) == 3);
  BOOST_TEST(found_if([](rep::Report& r) { r.experiments[0].measured_in = td::train; }) == 3);
  BOOST_TEST(found_if([](rep::Report& r) { r.experiments[0].loop = rep::Loop::by_hand; }) == 3);
  BOOST_TEST(found_if([](rep::Report& r) { r.experiments[0].setting = "another name"; }) == 6);
}

BOOST_AUTO_TEST_CASE(again_computes_what_is_there) {
  const test::TemporaryFolder folder;
  const rep::Archive archive(folder.path);
  run_with(archive);
  const rep::ReportOutcome again = run_with(archive, {.again = true});
  BOOST_TEST(again.found == 0);
  BOOST_TEST(again.steps == 6 * 15);
}

BOOST_AUTO_TEST_CASE(only_what_is_complete_is_found_finished) {
  const test::TemporaryFolder folder;
  const rep::Archive archive(folder.path);
  rep::RunOptions options{.archive = &archive};
  BOOST_TEST(!rep::find_finished(tiny_report(), options).has_value());
  const rep::ReportOutcome all = run_with(archive);
  BOOST_TEST(same_results(rep::find_finished(tiny_report(), options).value(), all));
  options.again = true;  // speaks of what is run
  BOOST_TEST(rep::find_finished(tiny_report(), options).has_value());
  options.trials = 4;
  BOOST_TEST(!rep::find_finished(tiny_report(), options).has_value());
}

BOOST_AUTO_TEST_CASE(a_damaged_file_counts_as_none) {
  const test::TemporaryFolder folder;
  const rep::Archive archive(folder.path);
  const rep::ReportOutcome whole = run_with(archive);
  const std::filesystem::path file = files_in(folder.path).front();
  const std::string content = content_of(file);
  const auto found_with = [&](const std::string& damaged) {
    std::ofstream(file, std::ios::binary) << damaged;
    const rep::ReportOutcome outcome = run_with(archive);
    BOOST_TEST(same_results(outcome, whole));
    return outcome.found;
  };
  BOOST_TEST(found_with(content) == 6);
  for (const std::size_t size : {std::size_t{0}, std::size_t{5}, std::size_t{24}, std::size_t{25},
                                 content.size() / 2, content.size() - 8, content.size() - 1}) {
    BOOST_TEST(found_with(content.substr(0, size)) == 5, size);
  }
  for (const std::size_t place : {std::size_t{0}, std::size_t{20}, content.size() / 2, content.size() - 1}) {
    std::string flipped = content;
    flipped[place] = static_cast<char>(flipped[place] ^ 1);
    BOOST_TEST(found_with(flipped) == 5, place);
  }
}

// SIGKILL while trials are finished: what is there is whole, and the run goes on from it.
BOOST_AUTO_TEST_CASE(a_killed_run_goes_on_where_it_stopped) {
  const test::TemporaryFolder folder;
  const rep::Archive archive(folder.path);
  for (td::Index kill_after = 1; kill_after <= 5; ++kill_after) {
    const pid_t child = fork();
    BOOST_REQUIRE(child >= 0);
    if (child == 0) {
      td::Index finished = 0;
      rep::RunOptions options{.archive = &archive};
      options.on_trial = [&](const rep::Experiment&, bool) {
        if (++finished == kill_after) raise(SIGKILL);
      };
      rep::run(tiny_report(), options);
      _exit(0);
    }
    int status = 0;
    BOOST_REQUIRE(waitpid(child, &status, 0) == child);
    BOOST_TEST(WIFSIGNALED(status));
    BOOST_TEST(files_in(folder.path).size() == kill_after);
  }
  std::ofstream(folder.path / "half.trial.1.new") << "torn";  // as a kill within a write leaves it
  const rep::ReportOutcome resumed = run_with(archive);
  BOOST_TEST(resumed.found == 5);
  BOOST_TEST(same_results(resumed, rep::run(tiny_report(), {})));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_written_is_told_and_leaves_nothing) {
  const test::TemporaryFolder folder;
  const std::string message = test::complaint<std::runtime_error>(
      [&] { rep::write_file(folder.path / "missing" / "file", "content"); });
  BOOST_TEST(test::contains(message, "cannot write"));
  std::filesystem::create_directory(folder.path / "taken");
  BOOST_CHECK_THROW(rep::write_file(folder.path / "taken", "content"), std::runtime_error);
  BOOST_TEST(files_in(folder.path).size() == 1);
  rep::write_file(folder.path / "file", "content");
  rep::write_file(folder.path / "file", "other");
  BOOST_TEST(content_of(folder.path / "file") == "other");
  BOOST_TEST(files_in(folder.path).size() == 2);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
