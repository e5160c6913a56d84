// Habits of a training: progress, saves, curves, data that were moved.

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/curves.hpp"
#include "cli/program_fixture.hpp"
#include "support/complaint.hpp"

namespace fs = std::filesystem;
namespace td = tapedeck;
using test::bytes_of;
using test::contains;
using test::lines_of;
using test::ProgramFixture;
using test::Run;

BOOST_AUTO_TEST_SUITE(cli)
BOOST_FIXTURE_TEST_SUITE(training, ProgramFixture)

BOOST_AUTO_TEST_CASE(progress_is_logged_where_no_terminal_shows_a_bar) {
  const Run trained = train({"--epochs", "40", "--validation", "0.2"});
  const std::vector<std::string> lines = lines_of(trained.err);
  BOOST_TEST(lines.size() == 11, trained.err);  // the first epoch, and each tenth of them
  BOOST_TEST(lines[0].starts_with("epoch 1/40  loss "));
  BOOST_TEST(lines[1].starts_with("epoch 4/40  loss "));
  BOOST_TEST(lines[10].starts_with("epoch 40/40  loss "));
  BOOST_TEST(train({"--epochs", "40", "--validation", "0.2", "--quiet"}).err.empty());
}

BOOST_AUTO_TEST_CASE(saves_are_by_time_and_after_each_epoch_with_0) {
  BOOST_REQUIRE(train({"--epochs", "5"}).code == 0);
  BOOST_TEST(!fs::exists(path("model.previous")));  // one save, at the end
  BOOST_REQUIRE(train({"--epochs", "5", "--save-every", "0"}, "often").code == 0);
  BOOST_TEST(fs::exists(path("often.previous")));
  BOOST_REQUIRE(train({"--epochs", "5", "--save-every", "1e-9"}, "at_each_batch").code == 0);
  BOOST_TEST(fs::exists(path("at_each_batch.previous")));
  BOOST_TEST(train({"--save-every", "-1"}).code == 2);
  BOOST_TEST(train({"--save-every", "inf"}).code == 2);
}

BOOST_AUTO_TEST_CASE(curves_grow_with_the_training) {
  const std::string curves = file("curves.csv", "an older file\n");
  std::ostringstream out, err;
  const td::cli::Console console{out, err, signal};
  td::cli::CurvesFile growing(curves, console);
  growing.add({.epoch = 0, .epochs = 3, .loss = 0.5, .learning_rate = 0.1, .seconds = 1});
  const std::string header = "epoch,loss,validation_loss,learning_rate,seconds\n";
  BOOST_TEST(bytes_of(curves) == header + "1,0.5,,0.1,1\n");
  growing.add(
      {.epoch = 1, .epochs = 3, .loss = 0.25, .validation_loss = 2, .learning_rate = 0.1, .seconds = 1});
  BOOST_TEST(bytes_of(curves) == header + "1,0.5,,0.1,1\n2,0.25,2,0.1,1\n");
  // One that was interrupted goes on with the lines that it has.
  td::cli::CurvesFile resumed(curves, console);
  resumed.add({.epoch = 1, .epochs = 3, .loss = 0.3, .learning_rate = 0.1, .seconds = 1});
  BOOST_TEST(bytes_of(curves) == header + "1,0.5,,0.1,1\n2,0.3,,0.1,1\n");
  td::cli::CurvesFile shown("-", console);
  shown.add({.epoch = 0, .epochs = 3, .loss = 0.5, .learning_rate = 0.1, .seconds = 1});
  BOOST_TEST(out.str() == header + "1,0.5,,0.1,1\n");
}

BOOST_AUTO_TEST_CASE(curves_are_there_after_an_interruption) {
  signal = SIGINT;
  BOOST_TEST(train({"--curves", path("curves.csv")}).code == 130);
  signal = 0;
  BOOST_TEST(run({"resume", path("model"), "--curves", path("curves.csv")}).code == 0);
  BOOST_TEST(lines_of(bytes_of(path("curves.csv"))).size() == 41);
}

BOOST_AUTO_TEST_CASE(a_training_goes_on_in_another_folder_and_with_data_that_were_moved) {
  const fs::path before = fs::current_path();
  fs::current_path(folder.path);
  signal = SIGINT;
  const Run stopped = run({"train", "disk.csv", "--target", "place", "--epochs", "3", "--out", "model"});
  signal = 0;
  fs::create_directory("elsewhere");
  fs::current_path("elsewhere");
  fs::copy("../model", "copy");
  const Run resumed = run({"resume", "copy"});
  fs::rename("../disk.csv", "../moved.csv");
  fs::copy("../model", "second_copy");
  const Run lost = run({"resume", "second_copy"});
  const Run found = run({"resume", "second_copy", "--data", "../moved.csv"});
  const Run other = run({"resume", "../model", "--data", "../sums.csv"});
  fs::current_path(before);
  BOOST_TEST(stopped.code == 130);
  BOOST_TEST(resumed.code == 0, resumed.err);
  BOOST_TEST(lost.code == 1);
  BOOST_TEST(contains(lost.err, "disk.csv"), lost.err);
  BOOST_TEST(contains(lost.err, "--data"), lost.err);
  BOOST_TEST(found.code == 0, found.err);
  BOOST_TEST(found.out == resumed.out);
  BOOST_TEST(other.code == 1);
}

BOOST_AUTO_TEST_CASE(a_small_last_batch_may_be_left_out) {
  // 301 rows in batches of 100 leave one row, which batch-norm cannot take.
  file("disk.csv", bytes_of(path("disk.csv")) + "1,1,inside\n");
  const std::vector<std::string> options = {"--net", "4,batch-norm,relu", "--batch", "100", "--epochs", "2"};
  const auto with = [&](std::vector<std::string> all, const char* more) {
    all.emplace_back(more);
    return all;
  };
  BOOST_TEST(train(with(options, "--quiet")).code != 0);
  BOOST_TEST(train(with(options, "--drop-last")).code == 0);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
