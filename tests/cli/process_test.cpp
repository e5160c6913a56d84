// The program as a process: signals, pipes, full devices.

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "cli/program_fixture.hpp"
#include "support/complaint.hpp"
#include "support/evidence.hpp"

using test::bytes_of;
using test::contains;
using test::Evidence;
using test::ProgramFixture;
using test::Promise;

BOOST_AUTO_TEST_SUITE(cli)

namespace {

using namespace std::chrono_literals;

/// A run of the program, whose output goes to files. `interrupt` is what SIGINT and SIGHUP do at first: who
/// runs the tests may ignore them, as a shell does for what it runs in the background.
class Process {
 public:
  Process(const ProgramFixture& program, std::vector<std::string> arguments, const std::string& out = "",
          void (*interrupt)(int) = SIG_DFL)
      : out_(out.empty() ? program.path("stdout.txt") : out), err_(program.path("stderr.txt")) {
    arguments.insert(arguments.begin(), TAPEDECK_PROGRAM);
    std::vector<char*> words;
    for (std::string& argument : arguments) words.push_back(argument.data());
    words.push_back(nullptr);
    id_ = fork();
    BOOST_REQUIRE(id_ >= 0);
    if (id_ == 0) {
      std::signal(SIGINT, interrupt);
      std::signal(SIGTERM, SIG_DFL);
      std::signal(SIGHUP, interrupt);
      dup2(open(out_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666), STDOUT_FILENO);
      dup2(open(err_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666), STDERR_FILENO);
      execv(words[0], words.data());
      _exit(127);
    }
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() {
    if (id_ <= 0) return;
    ::kill(id_, SIGKILL);
    waitpid(id_, nullptr, 0);
  }

  void send(int signal) const { BOOST_REQUIRE(::kill(id_, signal) == 0); }
  /// Its exit code, or minus the number of the signal that ended it.
  int wait() {
    int status = 0;
    BOOST_REQUIRE(waitpid(id_, &status, 0) == id_);
    id_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  std::string out() const { return bytes_of(out_); }
  std::string err() const { return bytes_of(err_); }

 private:
  std::string out_, err_;
  pid_t id_ = 0;
};

/// More epochs than anybody waits for.
std::vector<std::string> endless_training(const ProgramFixture& program) {
  return {"train",        program.path("disk.csv"),
          "--target",     "place",
          "--net",        "8,tanh",
          "--epochs",     "10000000",
          "--seed",       "1",
          "--save-every", "0",
          "--out",        program.path("model")};
}

void wait_for(const std::string& file) {
  for (int i = 0; i < 3000 && !std::filesystem::exists(file); ++i) std::this_thread::sleep_for(10ms);
  BOOST_REQUIRE(std::filesystem::exists(file));
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(process, ProgramFixture)

BOOST_AUTO_TEST_CASE(who_asks_for_an_end_gets_one_and_a_model_to_go_on_with) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    std::filesystem::remove(path("model"));
    std::filesystem::remove(path("model.previous"));
    Process training(*this, endless_training(*this));
    wait_for(path("model.previous"));  // the second save is over: it trains
    training.send(number);
    BOOST_TEST(training.wait() == 128 + number);
    BOOST_TEST(training.out().empty());
    BOOST_TEST(contains(training.err(), "continue with: tapedeck resume " + path("model")), training.err());
    Process inspecting(*this, {"inspect", path("model")});
    BOOST_TEST(inspecting.wait() == 0);
    BOOST_TEST(contains(inspecting.out(), "in training of 10000000 epochs"), inspecting.out());
    Process resuming(*this, {"resume", path("model")});
    std::this_thread::sleep_for(100ms);
    resuming.send(number);
    const int end = resuming.wait();
    BOOST_TEST((end == 128 + number || end == -number), end);  // in training, or before it could be asked
  }
}

// Only training has something to save: the rest ends as any program does.
BOOST_AUTO_TEST_CASE(who_asks_for_an_end_of_something_else_gets_it_at_once) {
  BOOST_REQUIRE(train({}).code == 0);
  BOOST_REQUIRE(mkfifo(path("pipe").c_str(), 0666) == 0);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    Process predicting(*this, {"predict", path("model"), path("new.csv"), "--out", path("pipe")});
    std::this_thread::sleep_for(200ms);  // by then it waits for somebody who reads
    predicting.send(number);
    BOOST_TEST(predicting.wait() == -number);
  }
}

BOOST_AUTO_TEST_CASE(what_the_shell_ignores_stays_ignored) {
  Process training(*this,
                   {"train", path("disk.csv"), "--target", "place", "--net", "8,tanh", "--epochs", "500",
                    "--save-every", "0", "--out", path("model")},
                   "", SIG_IGN);
  wait_for(path("model.previous"));
  training.send(SIGINT);
  training.send(SIGHUP);  // which nohup ignores
  BOOST_TEST(training.wait() == 0);
  BOOST_TEST(contains(run({"inspect", path("model")}).out, "finished training of 500 epochs"));
}

BOOST_AUTO_TEST_CASE(a_training_is_killed_at_any_time) {
  Evidence evidence(Promise::faults, "tapedeck train, saving after each epoch, SIGKILL at any time");
  evidence.outcome("the model is whole, and so is the one before it");
  Process first(*this, endless_training(*this));
  wait_for(path("model.previous"));
  first.send(SIGKILL);
  BOOST_TEST(first.wait() == -SIGKILL);
  for (int i = 0; i < 20; ++i) {
    Process training(*this, {"resume", path("model")});
    std::this_thread::sleep_for(20ms + 7ms * i);
    training.send(SIGKILL);
    BOOST_TEST(training.wait() == -SIGKILL);
    BOOST_TEST(run({"inspect", path("model")}).code == 0);
    BOOST_TEST(run({"inspect", path("model.previous")}).code == 0);
    evidence.tried();
  }
}

BOOST_AUTO_TEST_CASE(standard_output_is_a_full_device) {
  BOOST_REQUIRE(train({}).code == 0);
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"inspect", path("model")},
                                                    {"predict", path("model"), path("new.csv")},
                                                    {"evaluate", path("model"), path("disk.csv")}}) {
    Process process(*this, arguments, "/dev/full");
    BOOST_TEST(process.wait() == 1);
    BOOST_TEST(process.err() == "tapedeck: standard output: it cannot be written to\n");
  }
  Process process(*this, {"predict", path("model"), path("new.csv"), "--out", "/dev/full"});
  BOOST_TEST(process.wait() == 1);
  BOOST_TEST(process.err() == "tapedeck: /dev/full: it cannot be written to\n");
}

BOOST_AUTO_TEST_CASE(predictions_go_to_a_device_as_they_go_to_a_file) {
  BOOST_REQUIRE(train({}).code == 0);
  Process to_device(*this, {"predict", path("model"), path("new.csv"), "--out", "/dev/stdout"});
  BOOST_TEST(to_device.wait() == 0);
  BOOST_TEST(to_device.out() == run({"predict", path("model"), path("new.csv")}).out);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
