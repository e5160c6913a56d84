#include "core/locks.hpp"

#include <pthread.h>

#include <array>
#include <new>

namespace tapedeck::detail {
namespace {

constinit std::array<std::recursive_mutex, static_cast<std::size_t>(Lock::count)> locks;

// The owner of a recursive mutex is a thread's number, which fork() changes: the child makes new ones.
void make_new() {
  for (std::recursive_mutex& one : locks) new (&one) std::recursive_mutex;
}

[[maybe_unused]] const int registered = pthread_atfork(
    [] {
      for (std::recursive_mutex& one : locks) one.lock();
    },
    [] {
      for (auto one = locks.rbegin(); one != locks.rend(); ++one) one->unlock();
    },
    make_new);

}  // namespace

std::recursive_mutex& lock(Lock which) { return locks[static_cast<std::size_t>(which)]; }

}  // namespace tapedeck::detail
