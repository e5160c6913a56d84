// Everything that can go wrong while a file is saved or loaded, at every place where it can. The table of
// what was tried is printed at the end, and written to file_faults.md in the tests' build folder.

#include "io/file_faults.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <fstream>
#include <iostream>
#include <new>
#include <optional>
#include <sstream>
#include <string>

#include "io/faulty_calls.hpp"
#include "io/state_files.hpp"
#include "support/allocations.hpp"
#include "support/folders.hpp"
#include "support/temporary_folder.hpp"
#include "tapedeck/core/error.hpp"
#include "tapedeck/io/safetensors.hpp"

namespace td = tapedeck;
using namespace test;

namespace {

struct Table {
  Table() = default;
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;
  ~Table() {
    if (file_faults().empty()) return;
    std::ostringstream table;
    table << "| files | tried | outcome |\n|---|---|---|\n";
    for (const FileFault& f : file_faults()) {
      table << "| " << f.what << " | " << f.tried << " | " << f.outcome << " |\n";
    }
    std::cout << table.str();
    std::ofstream(std::string(output_dir) + "/file_faults.md") << table.str();
  }
};
BOOST_TEST_GLOBAL_FIXTURE(Table);

// A file that is saved over an older one. The disk is not waited for.
struct Save {
  td::io::SystemCalls real_calls = td::io::system_calls();
  TemporaryFolder folder;
  std::string path = folder.path / "model.safetensors";
  td::StateDict old_state = small_state(1);
  td::StateDict new_state = small_state(2);
  std::string old_bytes;
  std::string new_bytes;

  Save() {
    td::io::system_calls().fsync = [](int) { return 0; };
    td::write_safetensors(path, new_state);
    new_bytes = bytes_of(path);
    td::write_safetensors(path, old_state);
    old_bytes = bytes_of(path);
  }
  Save(const Save&) = delete;
  Save& operator=(const Save&) = delete;
  ~Save() { td::io::system_calls() = real_calls; }

  void restore() const { put_bytes(path, old_bytes); }
  void save() const { td::write_safetensors(path, new_state); }
  td::StateDict load() const { return td::read_safetensors(path); }
  bool alone() const { return listing(folder.path).size() == 1; }

  template <class Action>
  static long calls_of(const Action& action) {
    const FaultyCalls calls([](const Call&) { return 0; });
    action();
    return FaultyCalls::count();
  }
};

// What the action says if its k-th call fails with that number, and what call it was.
struct Outcome {
  std::optional<std::string> error;
  std::string call;
};
template <class Action>
Outcome with_failing_call(long k, int number, const Action& action) {
  Outcome outcome;
  const FaultyCalls calls([&](const Call& call) {
    if (call.number != k) return 0;
    outcome.call = call.name;
    return number;
  });
  try {
    action();
  } catch (const td::FileError& error) {
    outcome.error = error.what();
  }
  return outcome;
}

// Waits for a child that takes the action, and kills itself before its k-th system call.
void kill_in_child(long k, const std::function<void()>& action) {
  const pid_t child = fork();
  BOOST_REQUIRE(child >= 0);
  if (child == 0) {
    const FaultyCalls calls([k](const Call& call) { return call.number == k ? raise(SIGKILL) : 0; });
    action();
    _exit(0);
  }
  int status = 0;
  BOOST_REQUIRE(waitpid(child, &status, 0) == child);
  BOOST_REQUIRE(WIFSIGNALED(status));
  BOOST_REQUIRE(WTERMSIG(status) == SIGKILL);
}

struct Number {
  int number;
  const char* name;
};
constexpr Number numbers[] = {{ENOSPC, "ENOSPC"}, {EIO, "EIO"}, {EINTR, "EINTR"}};

bool starts_again(const std::string& call) { return call == "open" || call == "pread" || call == "pwrite"; }

}  // namespace

BOOST_AUTO_TEST_SUITE(io)
BOOST_FIXTURE_TEST_SUITE(safetensors, Save)

BOOST_AUTO_TEST_CASE(a_call_of_a_save_fails) {
  const long count = calls_of([&] { save(); });
  BOOST_TEST(count >= 15);
  for (const auto& [number, name] : numbers) {
    long refused = 0;
    long saved = 0;
    for (long k = 1; k <= count; ++k) {
      restore();
      const Outcome outcome = with_failing_call(k, number, [&] { save(); });
      const std::string context = std::string(name) + " at call " + std::to_string(k) + ", " + outcome.call;
      const bool renamed =
          k >= count - 1;  // what is left: fsync of the folder, and its close, which changes nothing
      const bool harmless =
          k == count || (number == EINTR && (starts_again(outcome.call) || outcome.call == "close"));
      BOOST_TEST(outcome.error.has_value() != harmless, context);
      BOOST_TEST((bytes_of(path) == (renamed || harmless ? new_bytes : old_bytes)), context);
      BOOST_TEST(alone(), context);
      ++(outcome.error ? refused : saved);
      if (outcome.error) BOOST_TEST(outcome.error->rfind(path + ": ", 0) == 0U, *outcome.error);
      save();
      BOOST_TEST((bytes_of(path) == new_bytes), context);
    }
    file_faults().push_back({std::string("a save, ") + name + " at each system call", count,
                             std::to_string(refused) + " typed errors, " + std::to_string(saved) +
                                 " saved nevertheless; never torn, no temporary left, a retry works"});
  }
}

BOOST_AUTO_TEST_CASE(a_call_of_a_load_fails) {
  const long count = calls_of([&] { load(); });
  for (const auto& [number, name] : numbers) {
    long refused = 0;
    for (long k = 1; k <= count; ++k) {
      td::StateDict loaded;
      const Outcome outcome = with_failing_call(k, number, [&] { loaded = load(); });
      const std::string context = std::string(name) + " at call " + std::to_string(k) + ", " + outcome.call;
      const bool harmless = k == count || (number == EINTR && starts_again(outcome.call));
      BOOST_TEST(outcome.error.has_value() != harmless, context);
      if (!outcome.error) BOOST_TEST(same(loaded, old_state), context);
      if (outcome.error) BOOST_TEST(loaded.entries().empty(), context);
      refused += outcome.error ? 1 : 0;
      BOOST_TEST(same(load(), old_state), context);
    }
    file_faults().push_back({std::string("a load, ") + name + " at each system call", count,
                             std::to_string(refused) + " typed errors, " + std::to_string(count - refused) +
                                 " loaded nevertheless; a retry works"});
  }
}

BOOST_AUTO_TEST_CASE(sentences_of_failures) {
  const auto saving = [&](long k, int number) {
    return *with_failing_call(k, number, [&] { save(); }).error;
  };
  const long count = calls_of([&] { save(); });
  const std::string wanted =
      "; expected a whole file on the disk (nothing has changed; what was there before still is)";
  BOOST_TEST(saving(3, EIO) == path + ": cannot be looked at: Input/output error" + wanted);
  BOOST_TEST(saving(4, EPERM) ==
             path + ": a new file cannot have the permissions of the old one: Operation not permitted" +
                 wanted);
  BOOST_TEST(saving(5, ENOSPC) == path + ": cannot be written at byte 0: No space left on device" + wanted);
  BOOST_TEST(saving(6, ENOSPC) == path + ": cannot be written at byte 8: No space left on device" + wanted);
  BOOST_TEST(saving(count - 4, EIO) == path + ": cannot be brought to disk: Input/output error" + wanted);
  BOOST_TEST(saving(count - 3, EIO) == path + ": cannot be closed: Input/output error" + wanted);
  BOOST_TEST(saving(count - 2, EIO) ==
             path + ": the new file cannot be given its name: Input/output error" + wanted);
  BOOST_TEST(saving(count - 1, EIO) ==
             path +
                 ": its folder cannot be brought to disk: Input/output error; expected a name on the disk "
                 "(the new file is in place; a loss of power may bring the old one back)");
  const auto loading = [&](long k) { return *with_failing_call(k, EIO, [&] { load(); }).error; };
  BOOST_TEST(loading(1) == path + ": cannot be opened: Input/output error; expected a file that can be read");
  BOOST_TEST(loading(2) == path + ": cannot be looked at: Input/output error");
  BOOST_TEST(loading(4) == path + ": cannot be read at byte 8: Input/output error; expected all of its " +
                               std::to_string(old_bytes.size()) + " bytes");
}

BOOST_AUTO_TEST_CASE(short_reads_and_writes) {
  const auto all = [](const Call&, std::size_t) { return std::size_t{1}; };
  const auto never = [](const Call&) { return 0; };
  const long calls_of_save = calls_of([&] { save(); });
  for (long k = 0; k <= calls_of_save; ++k) {
    restore();
    const auto one = [k](const Call& call, std::size_t size) {
      return call.number == k ? (size + 1) / 2 : size;
    };
    {
      const FaultyCalls calls(never, k == 0 ? FaultyCalls::Longest(all) : one);
      save();
      BOOST_TEST(same(load(), new_state));
    }
    BOOST_TEST((bytes_of(path) == new_bytes));
  }
  file_faults().push_back(
      {"a save and a load, short writes and reads: of half at each call, of one byte at all",
       calls_of_save + 1, "all saved and loaded, bit for bit"});
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
  for (long k = 1; k <= count; ++k) {
    restore();
    kill_in_child(k, [&] { save(); });
    const std::string found = bytes_of(path);
    old_ones += found == old_bytes;
    new_ones += found == new_bytes;
    BOOST_TEST((same(load(), old_state) || same(load(), new_state)));
    save();  // whatever was left behind is in nobody's way
    BOOST_TEST((bytes_of(path) == new_bytes));
  }
  BOOST_TEST(old_ones + new_ones == count);
  BOOST_TEST(new_ones == 2);  // once the file has its name
  std::filesystem::remove(path);
  for (long k = 1; k <= count - 1; ++k) {  // there is no old one, whose permissions would be taken
    kill_in_child(k, [&] { save(); });
    const bool there = std::filesystem::exists(path);
    BOOST_TEST(there == (k >= count - 2));
    if (there) BOOST_TEST((bytes_of(path) == new_bytes));
    std::filesystem::remove(path);
  }
  file_faults().push_back({"a save, SIGKILL before each system call", 2 * count - 1,
                           "over an old file: the old one " + std::to_string(old_ones) +
                               " times, the new one " + std::to_string(new_ones) +
                               "; without: nothing, or the new one; never torn"});
}

#ifndef TEST_SANITIZED

BOOST_AUTO_TEST_CASE(an_allocation_fails) {
  long saves = 0;
  for (bool failed = true; failed; ++saves) {
    restore();
    try {
      failed = with_failing_allocation(saves + 1, [&] { save(); });
      BOOST_TEST(!failed, "what allocation " << saves + 1 << " of a save met was hidden");
    } catch (const std::bad_alloc&) {
      BOOST_TEST((bytes_of(path) == old_bytes));
    }
    BOOST_TEST(alone());
    save();
    BOOST_TEST((bytes_of(path) == new_bytes));
  }
  long loads = 0;
  for (bool failed = true; failed; ++loads) {
    td::StateDict loaded;
    try {
      failed = with_failing_allocation(loads + 1, [&] { loaded = load(); });
      BOOST_TEST(!failed, "what allocation " << loads + 1 << " of a load met was hidden");
    } catch (const std::bad_alloc&) {
      BOOST_TEST(loaded.entries().empty());
    }
    BOOST_TEST(same(load(), new_state));
  }
  BOOST_TEST(saves > 10);
  BOOST_TEST(loads > 10);
  file_faults().push_back(
      {"a save, each allocation fails", saves - 1, "std::bad_alloc, the old file, a retry works"});
  file_faults().push_back({"a load, each allocation fails", loads - 1, "std::bad_alloc, a retry works"});
}

#endif

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
