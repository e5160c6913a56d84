// Outputs of the program never destroy its inputs, other outputs or models.

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/program_fixture.hpp"
#include "support/complaint.hpp"

namespace fs = std::filesystem;
using test::bytes_of;
using test::contains;
using test::ProgramFixture;
using test::Run;

BOOST_AUTO_TEST_SUITE(cli)
BOOST_FIXTURE_TEST_SUITE(outputs, ProgramFixture)

namespace {

using Arguments = std::vector<std::string>;

Arguments operator+(Arguments a, const Arguments& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// Goes back to the folder that the test began in.
struct CurrentFolder {
  fs::path before = fs::current_path();
  explicit CurrentFolder(const fs::path& folder) { fs::current_path(folder); }
  CurrentFolder(const CurrentFolder&) = delete;
  CurrentFolder& operator=(const CurrentFolder&) = delete;
  ~CurrentFolder() { fs::current_path(before); }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_file_that_is_read_is_not_written_however_it_is_spelled) {
  BOOST_REQUIRE(train({"--epochs", "1"}).code == 0);
  const CurrentFolder here(folder.path);
  fs::create_directory("sub");
  fs::create_directory_symlink("sub", "linked_folder");
  fs::create_hard_link("disk.csv", "hard.csv");
  fs::create_symlink("disk.csv", "link.csv");
  fs::create_symlink("link.csv", "link_to_link.csv");
  const std::string data = bytes_of("disk.csv");
  const std::string model = bytes_of("model");
  const std::string config = file("config.json", R"({"target": "place", "epochs": 1})");
  const Arguments start = {"train", "disk.csv", "--config", "config.json", "--overwrite"};
  const auto refused = [&](const Arguments& arguments, const std::string& who) {
    const Run run = this->run(arguments);
    BOOST_TEST(run.code == 2, arguments.back() << ": " << run.err);
    BOOST_TEST(run.err.starts_with("tapedeck: " + who + ": "), run.err);
    BOOST_TEST(contains(run.err, "is the file of"), run.err);
    BOOST_TEST(run.out.empty());
    BOOST_TEST((bytes_of("disk.csv") == data), arguments.back());
    BOOST_TEST((bytes_of("model") == model), arguments.back());
  };
  for (const std::string& spelling :
       {std::string("disk.csv"), std::string("./disk.csv"), std::string("sub/../disk.csv"),
        std::string("linked_folder/../disk.csv"), path("disk.csv"), std::string("hard.csv"),
        std::string("link.csv"), std::string("link_to_link.csv")}) {
    refused(start + Arguments{"--out", spelling}, "--out");
    refused(start + Arguments{"--out", "m", "--curves", spelling}, "--curves");
    refused(start + Arguments{"--out", "m", "--plot", spelling}, "--plot");
    refused({"predict", "model", "disk.csv", "--out", spelling}, "--out");
  }
  fs::create_symlink("model", "link_to_model");
  refused({"predict", "model", "new.csv", "--out", "link_to_model"}, "--out");
  refused({"export", "model", "--weights", "sub/../model"}, "--weights");
  refused(start + Arguments{"--out", "config.json"}, "--out");
  BOOST_TEST(!fs::exists("m"));
}

BOOST_AUTO_TEST_CASE(no_two_outputs_are_one_file) {
  const CurrentFolder here(folder.path);
  fs::create_symlink("made_later", "link");  // to nothing, yet
  const Arguments start = {"train", "disk.csv", "--target", "place", "--epochs", "1"};
  for (const Arguments& outputs : {Arguments{"--out", "x", "--curves", "./x"},
                                   {"--out", "x", "--plot", "x"},
                                   {"--out", "link", "--curves", "made_later"},
                                   {"--out", "x", "--curves", "y", "--plot", "y"},
                                   {"--out", "x", "--curves", "x.previous"},
                                   {"--out", "x", "--curves", "-", "--plot", "/dev/stdout"}}) {
    const Run run = this->run(start + outputs);
    BOOST_TEST(run.code == 2, outputs.back());
    BOOST_TEST(contains(run.err, "is the file of"), run.err);
    BOOST_TEST(!fs::exists("x"), outputs.back());
    BOOST_TEST(!fs::exists("made_later"), outputs.back());
  }
  BOOST_TEST(run(start + Arguments{"--out", "x", "--curves", "/dev/null", "--plot", "/dev/null"}).code == 0);
}

BOOST_AUTO_TEST_CASE(the_version_before_the_last_save_is_no_input) {
  const CurrentFolder here(folder.path);
  fs::copy("disk.csv", "model.previous");
  const std::string data = bytes_of("disk.csv");
  const Run run = this->run({"train", "model.previous", "--target", "place", "--out", "model"});
  BOOST_TEST(run.code == 2, run.err);
  BOOST_TEST((bytes_of("model.previous") == data));
}

BOOST_AUTO_TEST_CASE(a_model_is_replaced_by_its_own_training_alone) {
  BOOST_REQUIRE(train({"--epochs", "2"}).code == 0);
  const std::string model = bytes_of(path("model"));
  const auto train_again = [&](const Arguments& more) { return train(Arguments{"--epochs", "2"} + more); };
  for (const Arguments& other :
       {Arguments{"--rate", "0.1"}, {"--seed", "2"}, {"--net", "3"}, {"--ignore", "x"}}) {
    const Run run = train_again(other);
    BOOST_TEST(run.code == 2, other[0]);
    BOOST_TEST(contains(run.err, "is a model of another training"), run.err);
    BOOST_TEST(contains(run.err, "--overwrite"), run.err);
    BOOST_TEST((bytes_of(path("model")) == model), other[0]);
  }
  BOOST_TEST(train_again({}).code == 0);
  BOOST_TEST(train_again({"--save-every", "7"}).code == 0);  // which decides nothing about the result
  BOOST_TEST(train_again({"--rate", "0.1", "--overwrite"}).code == 0);

  const std::string disk = bytes_of(path("disk.csv"));
  file("disk.csv", disk + "1,1,inside\n");
  BOOST_TEST(train_again({"--rate", "0.1"}).code == 2);
}

BOOST_AUTO_TEST_CASE(no_other_file_is_replaced_by_a_model) {
  const std::string notes = file("notes.txt", "what took a day to write\n");
  const Run refused = train({"--epochs", "1"}, "notes.txt");
  BOOST_TEST(refused.code == 1);
  BOOST_TEST(refused.err.starts_with("tapedeck: " + notes + ": it is there already"), refused.err);
  BOOST_TEST(bytes_of(notes) == "what took a day to write\n");
  file("empty", "");
  BOOST_TEST(train({"--epochs", "1"}, "empty").code == 0);  // as mktemp makes them
  BOOST_TEST(train({"--epochs", "1", "--overwrite"}, "notes.txt").code == 0);
}

BOOST_AUTO_TEST_CASE(an_unfinished_model_is_not_begun_again) {
  signal = SIGINT;
  BOOST_REQUIRE(train({}).code == 130);
  signal = 0;
  const std::string model = bytes_of(path("model"));
  const Run refused = train({});
  BOOST_TEST(refused.code == 2);
  BOOST_TEST(contains(refused.err, "tapedeck resume continues it, --overwrite begins it again"), refused.err);
  BOOST_TEST((bytes_of(path("model")) == model));
  BOOST_TEST(train({"--overwrite"}).code == 0);
}

BOOST_AUTO_TEST_CASE(what_stands_where_the_version_before_goes_is_kept) {
  const std::string notes = file("model.previous", "what took a day to write\n");
  const Run refused = train({"--epochs", "1"});
  BOOST_TEST(refused.code == 1);
  BOOST_TEST(refused.err.starts_with("tapedeck: " + notes + ": it is there already"), refused.err);
  BOOST_TEST(bytes_of(notes) == "what took a day to write\n");
}

BOOST_AUTO_TEST_CASE(of_two_configs_the_last_is_read_and_kept) {
  const std::string first = file("first.json", R"({"seed": 3})");
  const std::string last = file("last.json", R"({"seed": 4})");
  const Arguments options = {"--config", first, "--config", last, "--epochs", "1"};
  BOOST_TEST(
      run(Arguments{"train", path("disk.csv"), "--target", "place", "--curves", last, "--out", path("m")} +
          options)
          .code == 2);
  BOOST_TEST(bytes_of(last) == R"({"seed": 4})");
  BOOST_REQUIRE(
      run(Arguments{"train", path("disk.csv"), "--target", "place", "--out", path("m")} + options).code == 0);
  BOOST_TEST(contains(run({"inspect", path("m")}).out, "\"seed\": 4"));
}

BOOST_AUTO_TEST_CASE(models_are_files) {
  for (const char* name : {"-", "/dev/stdout", "/dev/fd/1"}) {
    BOOST_TEST(run({"train", path("disk.csv"), "--target", "place", "--epochs", "1", "--out", name}).code ==
               2);
  }
}

BOOST_AUTO_TEST_CASE(data_of_a_model_are_not_replaced_by_its_results) {
  BOOST_REQUIRE(train({"--epochs", "1"}).code == 0);
  const std::string data = bytes_of(path("disk.csv"));
  BOOST_TEST(run({"export", path("model"), "--weights", path("disk.csv")}).code == 2);
  BOOST_TEST(run({"predict", path("model"), path("new.csv"), "--out", path("disk.csv")}).code == 2);
  BOOST_TEST((bytes_of(path("disk.csv")) == data));
}

BOOST_AUTO_TEST_CASE(results_do_not_replace_a_model) {
  BOOST_REQUIRE(train({"--epochs", "1"}).code == 0);
  BOOST_REQUIRE(train({"--epochs", "1"}, "other").code == 0);
  const std::string model = bytes_of(path("other"));
  const Arguments start = {"train", path("disk.csv"), "--target", "place", "--epochs",
                           "1",     "--out",          path("new")};
  for (const Arguments& arguments :
       {Arguments{"predict", path("model"), path("new.csv"), "--out", path("other")},
        {"export", path("model"), "--weights", path("other")},
        start + Arguments{"--curves", path("other")},
        start + Arguments{"--plot", path("other")}}) {
    const Run run = this->run(arguments);
    BOOST_TEST(run.code == 2, arguments[0]);
    BOOST_TEST(contains(run.err, "is a model"), run.err);
    BOOST_TEST((bytes_of(path("other")) == model), arguments[0]);
  }
}

BOOST_AUTO_TEST_CASE(curves_of_a_resumed_training_do_not_replace_its_data) {
  signal = SIGINT;
  BOOST_REQUIRE(train({}).code == 130);
  signal = 0;
  const std::string data = bytes_of(path("disk.csv"));
  for (const char* option : {"--curves", "--plot"}) {
    for (const std::string& name : {path("disk.csv"), path("model"), path("model.previous")}) {
      BOOST_TEST(run({"resume", path("model"), option, name}).code == 2, option << ' ' << name);
      BOOST_TEST((bytes_of(path("disk.csv")) == data));
    }
  }
  BOOST_TEST(run({"resume", path("model"), "--curves", path("curves.csv")}).code == 0);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
