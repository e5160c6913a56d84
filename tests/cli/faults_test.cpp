// The program on disks that fail and in memory that ends: it says so, and what was there is still there.

#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/program_fixture.hpp"
#include "io/faulty_calls.hpp"
#include "support/allocations.hpp"
#include "support/complaint.hpp"
#include "support/evidence.hpp"

using test::bytes_of;
using test::contains;
using test::Evidence;
using test::ProgramFixture;
using test::Promise;
using test::Run;

BOOST_AUTO_TEST_SUITE(cli)

namespace {

/// A finished model in its folder, and what is done to it and with it.
struct Work : ProgramFixture {
  test::UnwaitedDisk disk;
  std::string old_model;
  std::string old_predictions = "older predictions\n";

  Work() {
    BOOST_REQUIRE(train_shortly().code == 0);
    old_model = bytes_of(path("model"));
    restore();
  }

  void restore() const {
    for (const auto& entry : std::filesystem::directory_iterator(folder.path)) {
      if (entry.path().extension() != ".csv") std::filesystem::remove(entry.path());
    }
    std::ofstream(path("model"), std::ios::binary) << old_model;
    std::ofstream(path("predictions.csv"), std::ios::binary) << old_predictions;
  }
  Run train_shortly() const {
    return run({"train", path("disk.csv"), "--target", "place", "--net", "3,tanh", "--epochs", "2", "--seed",
                "1", "--save-every", "0", "--quiet", "--batch", "150", "--out", path("model")});
  }
  Run predict() const {
    return run({"predict", path("model"), path("new.csv"), "--out", path("predictions.csv")});
  }
  bool model_is_whole() const { return run({"inspect", path("model")}).code == 0; }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(faults, Work)

BOOST_AUTO_TEST_CASE(the_disk_is_full_at_any_call_of_a_training) {
  const long count = test::calls_of([&] { train_shortly(); });
  BOOST_TEST(count > 80);
  Evidence evidence(Promise::faults, "tapedeck train over an old model, ENOSPC at each system call");
  evidence.outcome("exit code 1, the file is named; it holds the old model or the new one, whole");
  long failed = 0;
  for (long k = 1; k <= count; ++k) {
    restore();
    Run run;
    const test::Outcome outcome = test::with_failing_call(k, ENOSPC, [&] { run = train_shortly(); });
    const std::string context = "call " + std::to_string(k) + ", " + outcome.call;
    // Of those that close and unlink nothing was to be kept, and links that cannot be read are not followed
    // when names are compared.
    const bool harmless = outcome.call == "close" || outcome.call == "unlink" || outcome.call == "readlink";
    if (run.code == 0) BOOST_TEST(harmless, context);
    if (run.code != 0) {
      BOOST_TEST(run.code == 1, context);
      BOOST_TEST(run.err.starts_with("tapedeck: " + folder.path.string()), context << ": " << run.err);
      BOOST_TEST(contains(run.err, "No space left on device"), context << ": " << run.err);
      BOOST_TEST(run.out.empty(), context);
      ++failed;
    }
    BOOST_TEST(model_is_whole(), context);
    evidence.tried();
  }
  BOOST_TEST(failed > count * 3 / 4);
  BOOST_TEST(train_shortly().code == 0);
}

BOOST_AUTO_TEST_CASE(the_disk_is_full_at_any_call_of_a_prediction) {
  const long count = test::calls_of([&] { predict(); });
  const std::string predictions = bytes_of(path("predictions.csv"));
  BOOST_TEST(predictions != old_predictions);
  Evidence evidence(Promise::faults, "tapedeck predict over an older file, ENOSPC at each system call");
  evidence.outcome("exit code 1, and the older file; or 0, and the new one");
  for (long k = 1; k <= count; ++k) {
    restore();
    Run run;
    const test::Outcome outcome = test::with_failing_call(k, ENOSPC, [&] { run = predict(); });
    const bool renamed = k >= count - 2;  // what is left: fsync of the folder, and two closes
    BOOST_TEST(
        (bytes_of(path("predictions.csv")) == (run.code == 0 || renamed ? predictions : old_predictions)),
        "call " << k << ", " << outcome.call);
    evidence.tried();
  }
}

BOOST_AUTO_TEST_CASE(a_damaged_model_has_one_before_it) {
  BOOST_TEST(train_shortly().code == 0);
  std::ofstream(path("model"), std::ios::app) << 'x';
  const Run run = predict();
  BOOST_TEST(run.code == 1);
  BOOST_TEST(
      contains(run.err, "\ntapedeck: as it was before the last save, it is in " + path("model.previous")),
      run.err);
  BOOST_TEST(this->run({"predict", path("model.previous"), path("new.csv")}).code == 0);
}

#ifndef TEST_THREAD_SANITIZER

// In a process of its own: what allocates where it may not throw ends the process.
BOOST_AUTO_TEST_CASE(memory_ends_during_a_training) {
  const long count = test::allocated_by([&] { train_shortly(); });
  Evidence evidence(Promise::faults, "tapedeck train over an old model, one of its allocations fails");
  evidence.outcome("exit code 1 and a sentence; the file holds the old model or the new one, whole");
  long failed = 0;
  const long step = count / 250 + 1;
  constexpr int silent = 3;  // failed without a sentence
  for (long k = 1; k <= count; k += step) {
    restore();
    const pid_t child = fork();
    BOOST_REQUIRE(child >= 0);
    if (child == 0) {
      std::signal(SIGABRT, SIG_DFL);  // which is Boost.Test's otherwise
      int code = 1;
      try {
        test::with_failing_allocation(k, [&] {
          const Run run = train_shortly();
          const bool told = contains(run.err, "tapedeck: there is not enough memory");
          code = run.code == 1 && !told ? silent : run.code;
        });
      } catch (const std::bad_alloc&) {  // not in the program, but where this test keeps what it wrote
      }
      _exit(code);
    }
    int status = 0;
    BOOST_REQUIRE(waitpid(child, &status, 0) == child);
    const std::string context = "allocation " + std::to_string(k) + " of " + std::to_string(count);
    BOOST_TEST((WIFEXITED(status) && WEXITSTATUS(status) <= 1), context << ": status " << status);
    failed += status != 0;
    BOOST_TEST(model_is_whole(), context);
    evidence.tried();
  }
  BOOST_TEST(failed > 150);
}

#endif

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
