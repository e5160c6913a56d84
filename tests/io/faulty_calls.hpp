#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <csignal>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "io/system_calls.hpp"
#include "tapedeck/core/error.hpp"

namespace test {

/// A system call of the library, and the how many-th it is, counted from 1.
struct Call {
  std::string_view name;
  long number;
};

/// While it lives, every system call on files asks `before` first: an error number makes the call fail with
/// it, 0 lets it happen. Reads and writes handle at most `longest` of the bytes that they are asked for.
class FaultyCalls {
 public:
  using Before = std::function<int(const Call&)>;
  using Longest = std::function<std::size_t(const Call&, std::size_t size)>;

  explicit FaultyCalls(
      Before before, Longest longest = [](const Call&, std::size_t size) { return size; }) {
    count_ = 0;
    real_ = tapedeck::io::system_calls();
    before_ = std::move(before);
    longest_ = std::move(longest);
    tapedeck::io::system_calls() = faulty();
  }
  FaultyCalls(const FaultyCalls&) = delete;
  FaultyCalls& operator=(const FaultyCalls&) = delete;
  ~FaultyCalls() { tapedeck::io::system_calls() = real_; }

  static long count() { return count_; }

 private:
  static bool fails(const char* name) {
    const int number = before_({name, ++count_});
    errno = number;
    return number != 0;
  }

  static tapedeck::io::SystemCalls faulty() {
    return {
        .open = [](const char* path, int flags,
                   mode_t mode) { return fails("open") ? -1 : real_.open(path, flags, mode); },
        .stat = [](const char* path, struct stat* s) { return fails("stat") ? -1 : real_.stat(path, s); },
        .fstat = [](int file, struct stat* s) { return fails("fstat") ? -1 : real_.fstat(file, s); },
        .readlink =
            [](const char* path, char* text, std::size_t size) {
              return fails("readlink") ? ssize_t{-1} : real_.readlink(path, text, size);
            },
        .fchmod = [](int file, mode_t mode) { return fails("fchmod") ? -1 : real_.fchmod(file, mode); },
        .flock = [](int file, int operation) { return fails("flock") ? -1 : real_.flock(file, operation); },
        .dup = [](int file) { return fails("dup") ? -1 : real_.dup(file); },
        .pread =
            [](int file, void* bytes, std::size_t size, off_t offset) {
              if (fails("pread")) return ssize_t{-1};
              return real_.pread(file, bytes, longest_({"pread", count_}, size), offset);
            },
        .pwrite =
            [](int file, const void* bytes, std::size_t size, off_t offset) {
              if (fails("pwrite")) return ssize_t{-1};
              return real_.pwrite(file, bytes, longest_({"pwrite", count_}, size), offset);
            },
        .fsync = [](int file) { return fails("fsync") ? -1 : real_.fsync(file); },
        .close =
            [](int file) {
              const bool failed = fails("close");
              const int number = errno;
              const int result = real_.close(file);  // a failed close has closed
              if (failed) errno = number;
              return failed ? -1 : result;
            },
        .link = [](const char* file,
                   const char* name) { return fails("link") ? -1 : real_.link(file, name); },
        .rename = [](const char* from,
                     const char* to) { return fails("rename") ? -1 : real_.rename(from, to); },
        .unlink = [](const char* path) { return fails("unlink") ? -1 : real_.unlink(path); }};
  }

  inline static tapedeck::io::SystemCalls real_;  // those that it takes the place of
  inline static long count_ = 0;
  inline static Before before_;
  inline static Longest longest_;
};

/// While it lives, nobody waits for the disk. At its end the system calls are again what they were.
class UnwaitedDisk {
 public:
  UnwaitedDisk() {
    tapedeck::io::system_calls().fsync = [](int) { return 0; };
  }
  UnwaitedDisk(const UnwaitedDisk&) = delete;
  UnwaitedDisk& operator=(const UnwaitedDisk&) = delete;
  ~UnwaitedDisk() { tapedeck::io::system_calls() = before_; }

 private:
  tapedeck::io::SystemCalls before_ = tapedeck::io::system_calls();
};

/// How many system calls the action makes.
inline long calls_of(const std::function<void()>& action) {
  const FaultyCalls calls([](const Call&) { return 0; });
  action();
  return FaultyCalls::count();
}

/// What the action says if its k-th call fails with that number, and what call it was.
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
  } catch (const tapedeck::FileError& error) {
    outcome.error = error.what();
  }
  return outcome;
}

/// Waits for a child that takes the action, and kills itself before its k-th system call.
inline void kill_in_child(long k, const std::function<void()>& action) {
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

/// What calls fail with.
struct Failure {
  int number;
  const char* name;
};
constexpr Failure failures[] = {{ENOSPC, "ENOSPC"}, {EIO, "EIO"}, {EINTR, "EINTR"}};

/// Calls that a signal may interrupt without harm.
inline bool starts_again(const std::string& call) {
  return call == "open" || call == "flock" || call == "pread" || call == "pwrite";
}

}  // namespace test
