// What killed processes leave in a folder: the next save there removes it, and nothing that somebody still
// writes to.

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <string>
#include <vector>

#include "io/durable_file.hpp"
#include "io/faulty_calls.hpp"
#include "io/state_files.hpp"
#include "support/evidence.hpp"
#include "support/temporary_folder.hpp"
#include "tapedeck/io/safetensors.hpp"

namespace td = tapedeck;
using namespace test;

BOOST_AUTO_TEST_SUITE(io)

namespace {

struct LeftTemporaries {
  UnwaitedDisk disk;
  TemporaryFolder folder;
  std::string path = folder.path / "model";
  std::string left = folder.path / ".tapedeck-1-2-3.tmp";  // as a process that was killed would
  td::StateDict state = small_state(1);

  void save() const { td::write_safetensors(path, state); }
  std::vector<std::string> there() const {
    std::vector<std::string> names = listing(folder.path);
    std::sort(names.begin(), names.end());
    return names;
  }
};

using Names = std::vector<std::string>;

}  // namespace

BOOST_FIXTURE_TEST_SUITE(left_temporaries, LeftTemporaries)

BOOST_AUTO_TEST_CASE(nothing_is_left_of_two_hundred_kills) {
  save();
  const long count = calls_of([&] { save(); });
  Evidence evidence(Promise::faults, "a save, SIGKILL at some time; then another save");
  evidence.outcome("the file alone");
  long left_some = 0;
  for (long k = 0; k < 200; ++k) {
    if (k % 2 == 0) {
      kill_in_child(1 + k / 2 % count, [&] { save(); });
    } else {
      const pid_t child = fork();
      BOOST_REQUIRE(child >= 0);
      if (child == 0) {
        for (;;) save();
      }
      usleep(static_cast<useconds_t>(1 + k * 37 % 2000));
      kill(child, SIGKILL);
      BOOST_REQUIRE(waitpid(child, nullptr, 0) == child);
    }
    left_some += there().size() > 1 ? 1 : 0;
    if (k % 10 != 9) continue;  // several may be left at once
    save();
    BOOST_TEST(there() == Names{"model"}, boost::test_tools::per_element());
    evidence.tried();
  }
  BOOST_TEST(left_some > 20);
}

BOOST_AUTO_TEST_CASE(what_somebody_writes_to_stays) {
  put_bytes(left, "");
  td::io::DurableFile living(path);
  BOOST_TEST(there().size() == 1U);  // and `left` is gone
  save();
  BOOST_TEST(there().size() == 2U);
  living.write(0, std::as_bytes(std::span("x", 1)));
  living.commit();
  BOOST_TEST(bytes_of(path) == "x");
  BOOST_TEST(there() == Names{"model"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(processes_that_save_at_once_leave_each_other_alone) {
  const pid_t child = fork();
  BOOST_REQUIRE(child >= 0);
  const auto save_often = [&] {
    for (int i = 0; i < 300; ++i) save();
  };
  if (child == 0) {
    try {
      save_often();
    } catch (...) {
      _exit(1);
    }
    _exit(0);
  }
  BOOST_CHECK_NO_THROW(save_often());
  int status = 0;
  BOOST_REQUIRE(waitpid(child, &status, 0) == child);
  BOOST_TEST(status == 0);
  BOOST_TEST(same(td::read_safetensors(path), state));
  BOOST_TEST(there() == Names{"model"}, boost::test_tools::per_element());
}

// Another save may find a temporary before it is locked, and remove it: then a new one is made.
BOOST_AUTO_TEST_CASE(a_temporary_that_is_removed_before_it_is_locked) {
  static int removals;
  removals = 3;
  static std::string in;
  in = folder.path;
  td::io::system_calls().flock = [](int file, int operation) {
    if (removals > 0) {
      for (const std::string& name : listing(in)) unlink((in + '/' + name).c_str());
      if (--removals == 0) {  // and the other one still holds the lock
        errno = EWOULDBLOCK;
        return -1;
      }
    }
    return flock(file, operation);
  };
  save();
  BOOST_TEST(removals == 0);
  BOOST_TEST(same(td::read_safetensors(path), state));
  BOOST_TEST(there() == Names{"model"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(other_files_stay) {
  const Names others{".tapedeck-.tmp", ".tapedeck-1-2-3.tmpx", ".tapedeck-1-2.tmp", ".tapedeck-mine-2-3.tmp",
                     "a.tmp",          "tapedeck-1-2-3.tmp"};
  for (const std::string& name : others) put_bytes(folder.path / name, "");
  std::filesystem::create_directory(left);  // of the right name, but no file
  save();
  Names wanted = others;
  wanted.insert(wanted.end(), {"model", ".tapedeck-1-2-3.tmp"});
  std::sort(wanted.begin(), wanted.end());
  BOOST_TEST(there() == wanted, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_cannot_be_removed_is_in_nobodys_way) {
  put_bytes(left, "");
  const long count = calls_of([&] { save(); });
  BOOST_TEST(there() == Names{"model"}, boost::test_tools::per_element());
  for (long k = 1; k <= count; ++k) {
    put_bytes(left, "");
    const Outcome outcome = with_failing_call(k, EIO, [&] { save(); });
    const bool of_removal = k >= 3 && k <= 7;  // open, flock, two times unlink, close
    BOOST_TEST((!of_removal || !outcome.error), "call " << k << ", " << outcome.call);
    save();
    BOOST_TEST(there() == Names{"model"}, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(file_systems_without_locks) {
  put_bytes(left, "");
  td::io::system_calls().flock = [](int, int) {
    errno = EOPNOTSUPP;
    return -1;
  };
  save();
  BOOST_TEST(same(td::read_safetensors(path), state));
  BOOST_TEST(there().size() == 2U);  // nobody knows whether it is left
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
