#include "tapedeck/core/parallel.hpp"

#include <hwy/base.h>
#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <exception>
#include <limits>
#include <mutex>
#include <thread>
#include <utility>

#include "core/locks.hpp"

namespace tapedeck {
namespace {

// How long a thread looks for news before it sleeps: longer than what lies between the large products of a
// step.
constexpr std::chrono::microseconds patience{500};

// Whether this thread is at work on a task: tasks within tasks run in line.
thread_local bool inside = false;

// Tells the processor that this thread is only waiting.
void pause() {
#if HWY_ARCH_X86
  __builtin_ia32_pause();
#endif
}

// Waits until ready() holds, awake for a while, but never in the way of others; whether it does.
template <class Ready>
bool look_out(const Ready& ready) {
  const auto end = std::chrono::steady_clock::now() + patience;
  do {
    for (int i = 0; i < 64; ++i) {
      if (ready()) return true;
      pause();
    }
    std::this_thread::yield();
  } while (std::chrono::steady_clock::now() < end);
  return ready();
}

#ifdef __linux__
int processor() { return sched_getcpu(); }

// Keeps the thread that calls `avoid` off one processor. Linux likes to wake a thread up where the one runs
// that has news for it; a helper would wait there until the caller, who is at work, has had its time.
class Elsewhere {
 public:
  Elsewhere() { known_ = pthread_getaffinity_np(pthread_self(), sizeof allowed_, &allowed_) == 0; }
  void avoid(int processor) {
    if (processor == avoided_ || processor < 0 || !known_) return;
    avoided_ = processor;
    cpu_set_t others = allowed_;
    CPU_CLR(static_cast<std::size_t>(processor), &others);
    if (CPU_COUNT(&others) > 0) pthread_setaffinity_np(pthread_self(), sizeof others, &others);
  }

 private:
  bool known_ = false;
  cpu_set_t allowed_{};
  int avoided_ = -1;
};
#else
int processor() { return -1; }
struct Elsewhere {
  void avoid(int /*processor*/) {}
};
#endif

// One job at a time. Its tasks are counted down in `open_`, beside the job's number, so that a thread that
// comes late can neither take a task of the next job nor one twice; and whoever gave the job works on it too,
// so that it ends even if nobody helps.
class ThreadPool {
 public:
  // Whether the job was done: not if another one is.
  bool run(Index count, detail::TaskRef task, Index threads) {
    if (busy_.test_and_set(std::memory_order_acquire)) return false;
    recruit(threads - 1);
    task_ = task;
    count_ = static_cast<std::uint32_t>(count);
    helpers_wanted_.store(threads - 1, std::memory_order_relaxed);
    caller_at_.store(processor(), std::memory_order_relaxed);
    unfinished_.store(static_cast<std::uint32_t>(count), std::memory_order_relaxed);
    failed_ = count;
    failure_ = nullptr;
    const std::uint64_t job = (open_.load(std::memory_order_relaxed) >> 32U) + 1;
    open_.store(job << 32U | count_, std::memory_order_release);
    news_.fetch_add(1, std::memory_order_release);
    news_.notify_all();
    work(0);  // the caller counts as wanted, as helper 0 does
    wait_for_helpers();
    const std::exception_ptr failure = std::move(failure_);
    busy_.clear(std::memory_order_release);
    if (failure) std::rethrow_exception(failure);
    return true;
  }

  // In the child of a fork there are no helpers.
  void forget_helpers() { helpers_ = std::numeric_limits<Index>::max(); }

 private:
  // Helpers are detached and never end: a program may leave main, or a task call exit, while they wait. Its
  // signals are none of their business.
  void recruit(Index wanted) {
    if (helpers_ >= wanted) return;
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);  // a new thread takes over what its maker blocks
    try {
      for (; helpers_ < wanted; ++helpers_) {
        std::thread([this, number = helpers_] { help(number); }).detach();
      }
    } catch (const std::exception&) {  // no more threads to be had, or no memory for them: fewer will do
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  [[noreturn]] void help(Index number) {
    std::uint32_t seen = 0;
    Elsewhere elsewhere;
    while (true) {
      const auto news = [&] { return news_.load(std::memory_order_acquire) != seen; };
      if (!look_out(news)) news_.wait(seen, std::memory_order_acquire);
      seen = news_.load(std::memory_order_acquire);
      if (number >= helpers_wanted_.load(std::memory_order_relaxed)) continue;
      elsewhere.avoid(caller_at_.load(std::memory_order_relaxed));
      work(number);
    }
  }

  // Takes tasks as long as there are any and the job wants this helper. A helper that was delayed since the
  // last job asks again: having read the new job's open_, it reads the new job's helpers_wanted_ too.
  void work(Index number) {
    inside = true;
    std::uint64_t open = open_.load(std::memory_order_acquire);
    while ((open & 0xFFFFFFFFU) != 0 && number < helpers_wanted_.load(std::memory_order_relaxed)) {
      if (!open_.compare_exchange_weak(open, open - 1, std::memory_order_acq_rel)) continue;
      call(count_ - (open & 0xFFFFFFFFU));
      if (unfinished_.fetch_sub(1, std::memory_order_acq_rel) == 1) unfinished_.notify_one();
      open = open_.load(std::memory_order_acquire);
    }
    inside = false;
  }

  void call(Index number) {
    try {
      task_.call(task_.function, number);
    } catch (...) {
      const std::lock_guard lock(failures_);
      if (number >= failed_) return;
      failed_ = number;
      failure_ = std::current_exception();
    }
  }

  void wait_for_helpers() {
    const auto done = [&] { return unfinished_.load(std::memory_order_acquire) == 0; };
    if (look_out(done)) return;
    while (!done()) {
      const std::uint32_t left = unfinished_.load(std::memory_order_acquire);
      if (left != 0) unfinished_.wait(left, std::memory_order_acquire);
    }
  }

  // In lines of the cache: what all look at who wait for a job, or for its end; then the job, and what is
  // wanted together with its tasks.
  alignas(64) std::atomic<std::uint32_t> news_ = 0;        // counts jobs
  alignas(64) std::atomic<std::uint32_t> unfinished_ = 0;  // tasks
  alignas(64) std::atomic<std::uint64_t> open_ = 0;        // the job's number, and tasks nobody has taken
  detail::TaskRef task_{};
  std::uint32_t count_ = 0;
  std::atomic<int> caller_at_ = -1;
  std::atomic<Index> helpers_wanted_ = 0;
  Index helpers_ = 0;
  Index failed_ = 0;
  std::exception_ptr failure_;
  std::mutex failures_;
  std::atomic_flag busy_;
};

// Made at the first job, and never destroyed, as its helpers never end.
constinit std::atomic<ThreadPool*> the_pool = nullptr;

// Not when it is made: a fork that waits for the lock holds the one of pthread_atfork().
[[maybe_unused]] const int registered = pthread_atfork(nullptr, nullptr, [] {
  if (ThreadPool* made = the_pool) made->forget_helpers();
});

ThreadPool& pool() {
  if (ThreadPool* made = the_pool.load(std::memory_order_acquire)) return *made;
  const std::lock_guard lock(detail::lock(detail::Lock::threads));
  if (the_pool == nullptr) the_pool = new ThreadPool;
  return *the_pool;
}

}  // namespace

namespace detail {

void run_tasks(Index count, TaskRef task) {
  const Index available = inside ? 1 : std::min(threads(), count);
  if (available > 1 && count >> 32U == 0 && pool().run(count, task, available)) return;
  std::exception_ptr failure;
  for (Index i = 0; i < count; ++i) {
    try {
      task.call(task.function, i);
    } catch (...) {
      if (!failure) failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace detail
}  // namespace tapedeck
