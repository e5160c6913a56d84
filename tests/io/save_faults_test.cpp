// Everything that can go wrong while a file is saved, at every place where it can.

#include <boost/test/unit_test.hpp>
#include <string>

#include "io/faulty_calls.hpp"
#include "io/state_files.hpp"
#include "support/allocations.hpp"
#include "support/evidence.hpp"
#include "support/temporary_folder.hpp"
#include "tapedeck/core/error.hpp"
#include "tapedeck/io/safetensors.hpp"

namespace td = tapedeck;
using namespace test;

BOOST_AUTO_TEST_SUITE(io)

namespace {

// A file that is saved over an older one.
struct Save {
  UnwaitedDisk disk;
  TemporaryFolder folder;
  std::string path = folder.path / "model.safetensors";
  td::StateDict old_state = small_state(1);
  td::StateDict new_state = small_state(2);
  std::string old_bytes;
  std::string new_bytes;

  Save() {
    td::write_safetensors(path, new_state);
    new_bytes = bytes_of(path);
    td::write_safetensors(path, old_state);
    old_bytes = bytes_of(path);
  }

  void restore() const { put_bytes(path, old_bytes); }
  void save() const { td::write_safetensors(path, new_state); }
  td::StateDict load() const { return td::read_safetensors(path); }
  bool alone() const { return listing(folder.path).size() == 1; }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(save_faults, Save)

BOOST_AUTO_TEST_CASE(a_call_of_a_save_fails) {
  const long count = calls_of([&] { save(); });
  BOOST_TEST(count >= 15);
  for (const auto& [number, name] : failures) {
    Evidence evidence(Promise::faults, std::string("a save, ") + name + " at each system call");
    long refused = 0;
    long saved = 0;
    for (long k = 1; k <= count; ++k) {
      restore();
      const Outcome outcome = with_failing_call(k, number, [&] { save(); });
      const std::string context = std::string(name) + " at call " + std::to_string(k) + ", " + outcome.call;
      const bool renamed =
          k >= count - 2;  // what is left: fsync of the folder, and two closes, which change nothing
      const bool harmless =
          k >= count - 1 || (number == EINTR && (starts_again(outcome.call) || outcome.call == "close"));
      BOOST_TEST(outcome.error.has_value() != harmless, context);
      BOOST_TEST((bytes_of(path) == (renamed || harmless ? new_bytes : old_bytes)), context);
      BOOST_TEST(alone(), context);
      ++(outcome.error ? refused : saved);
      if (outcome.error) BOOST_TEST(outcome.error->rfind(path + ": ", 0) == 0U, *outcome.error);
      save();
      BOOST_TEST((bytes_of(path) == new_bytes), context);
      evidence.tried();
    }
    evidence.outcome(std::to_string(refused) + " typed errors, " + std::to_string(saved) +
                     " saved nevertheless; never torn, no temporary left, a retry works");
  }
}

BOOST_AUTO_TEST_CASE(sentences_of_failures) {
  const auto saving = [&](long k, int number) {
    return *with_failing_call(k, number, [&] { save(); }).error;
  };
  const long count = calls_of([&] { save(); });
  const std::string wanted =
      "; expected a whole file on the disk (nothing has changed; what was there before still is)";
  BOOST_TEST(saving(1, EIO) == path + ": cannot be looked at: Input/output error" + wanted);
  BOOST_TEST(saving(4, EIO) == path + ": cannot be locked: Input/output error" + wanted);
  BOOST_TEST(saving(5, EIO) == path + ": cannot be looked at: Input/output error" + wanted);
  BOOST_TEST(saving(6, EIO) == path + ": cannot be looked at: Input/output error" + wanted);
  BOOST_TEST(saving(7, EPERM) ==
             path + ": a new file cannot have the permissions of the old one: Operation not permitted" +
                 wanted);
  BOOST_TEST(saving(8, ENOSPC) == path + ": cannot be written at byte 0: No space left on device" + wanted);
  BOOST_TEST(saving(9, ENOSPC) == path + ": cannot be written at byte 8: No space left on device" + wanted);
  BOOST_TEST(saving(count - 6, EIO) == path + ": cannot be brought to disk: Input/output error" + wanted);
  BOOST_TEST(saving(count - 5, EMFILE) == path + ": cannot be kept locked: Too many open files" + wanted);
  BOOST_TEST(saving(count - 4, EIO) == path + ": cannot be closed: Input/output error" + wanted);
  BOOST_TEST(saving(count - 3, EIO) ==
             path + ": the new file cannot be given its name: Input/output error" + wanted);
  BOOST_TEST(saving(count - 2, EIO) ==
             path +
                 ": its folder cannot be brought to disk: Input/output error; expected a name on the disk "
                 "(the new file is in place; a loss of power may bring the old one back)");
}

BOOST_AUTO_TEST_CASE(short_writes) {
  const auto all = [](const Call&, std::size_t) { return std::size_t{1}; };
  const auto never = [](const Call&) { return 0; };
  const long calls_of_save = calls_of([&] { save(); });
  Evidence evidence(Promise::faults, "a save, short writes: of half at each call, of one byte at all");
  evidence.outcome("all saved, bit for bit");
  for (long k = 0; k <= calls_of_save; ++k) {
    restore();
    const auto one = [k](const Call& call, std::size_t size) {
      return call.number == k ? (size + 1) / 2 : size;
    };
    {
      const FaultyCalls calls(never, k == 0 ? FaultyCalls::Longest(all) : one);
      save();
    }
    BOOST_TEST((bytes_of(path) == new_bytes));
    evidence.tried();
  }
}

BOOST_AUTO_TEST_CASE(a_write_that_writes_nothing_is_refused) {
  const FaultyCalls calls([](const Call&) { return 0; },
                          [](const Call&, std::size_t) { return std::size_t{0}; });
  BOOST_CHECK_THROW(save(), td::FileError);
  BOOST_TEST((bytes_of(path) == old_bytes));
}

BOOST_AUTO_TEST_CASE(a_process_is_killed_at_each_call_of_a_save) {
  const long count = calls_of([&] { save(); });
  long old_ones = 0;
  long new_ones = 0;
  Evidence evidence(Promise::faults, "a save, SIGKILL before each system call");
  for (long k = 1; k <= count; ++k) {
    restore();
    kill_in_child(k, [&] { save(); });
    const std::string found = bytes_of(path);
    old_ones += found == old_bytes;
    new_ones += found == new_bytes;
    BOOST_TEST((same(load(), old_state) || same(load(), new_state)));
    save();
    BOOST_TEST((bytes_of(path) == new_bytes));
    BOOST_TEST(alone(), "what call " << k << " left");
    evidence.tried();
  }
  BOOST_TEST(old_ones + new_ones == count);
  BOOST_TEST(new_ones == 3);               // once the file has its name
  for (long k = 1; k <= count - 1; ++k) {  // there is no old one, whose permissions would be taken
    save();
    std::filesystem::remove(path);
    kill_in_child(k, [&] { save(); });
    const bool there = std::filesystem::exists(path);
    BOOST_TEST(there == (k >= count - 3));
    if (there) BOOST_TEST((bytes_of(path) == new_bytes));
    evidence.tried();
  }
  evidence.outcome("over an old file: the old one " + std::to_string(old_ones) + " times, the new one " +
                   std::to_string(new_ones) + "; without: nothing, or the new one; never torn");
}

#ifndef TEST_THREAD_SANITIZER

BOOST_AUTO_TEST_CASE(an_allocation_fails) {
  Evidence evidence(Promise::faults, "a save, each allocation fails");
  evidence.outcome("std::bad_alloc, the old file, a retry works");
  with_each_allocation_failing(
      evidence, [&] { restore(); }, [&] { save(); },
      [&](bool thrown) {
        BOOST_TEST((bytes_of(path) == (thrown ? old_bytes : new_bytes)));
        BOOST_TEST(alone());
        save();
        BOOST_TEST((bytes_of(path) == new_bytes));
      });
}

#endif

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
