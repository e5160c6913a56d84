#include "tapedeck/core/threads.hpp"

#include <cblas.h>
#include <sched.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <string>
#include <thread>

#include "core/locks.hpp"
#include "tapedeck/core/error.hpp"

namespace tapedeck {
namespace {

std::atomic<Index> setting = 0;  // 0: as many as the process may run on

std::atomic<bool> keep = false;
std::atomic<bool> prepared = false;

// The buffer that OpenBLAS maps for each of its calls that run at once. If it cannot, it tries again for
// ever.
constexpr std::size_t blas_buffer = std::size_t{128} << 20U;

void require_address_space_for_blas() {
  void* const probe =
      mmap(nullptr, blas_buffer, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (probe == MAP_FAILED) {
    throw MemoryError({.who = "OpenBLAS",
                       .given = "no room for its buffer of 128 MiB",
                       .wanted = "that much free address space",
                       .hint = "is it limited, by ulimit -v or RLIMIT_AS?"});
  }
  munmap(probe, blas_buffer);
}

// How many processors the process may run on; hardware_concurrency may count those that it may not.
Index processors() {
#ifdef __linux__
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) return static_cast<Index>(CPU_COUNT(&allowed));
#endif
  return std::max<Index>(1, std::thread::hardware_concurrency());
}

}  // namespace

void set_threads(Index count) {
  if (count == 0 || count > 4096) {
    throw OptionError({.who = "set_threads", .given = std::to_string(count), .wanted = "1 to 4096"});
  }
  setting = count;
}

Index threads() {
  static std::atomic<Index> all = 0;  // counted by whoever asks first
  if (const Index set = setting.load(std::memory_order_relaxed); set != 0) return set;
  if (all.load(std::memory_order_relaxed) == 0) all.store(processors(), std::memory_order_relaxed);
  return all.load(std::memory_order_relaxed);
}

void keep_blas_threads() {
  if (prepared && !keep) {
    throw UsageError({.who = "keep_blas_threads",
                      .given = "a process that has made a ParameterStore, and so set BLAS to one thread",
                      .wanted = "this call before the first store"});
  }
  keep = true;
}

void prepare_blas() {
  if (prepared.load(std::memory_order_acquire)) return;
  const std::lock_guard lock(detail::lock(detail::Lock::blas));
  if (prepared) return;
  require_address_space_for_blas();
  if (!keep) openblas_set_num_threads(1);
  const float a[4] = {1, 2, 3, 4};
  float product[4] = {};
  cblas_sgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, 2, 2, 2, 1, a, 2, a, 2, 0, product, 2);
  prepared.store(true, std::memory_order_release);
}

}  // namespace tapedeck
