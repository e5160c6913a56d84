#include "tapedeck/core/threads.hpp"

#include <cblas.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <string>
#include <thread>

#include "tapedeck/core/error.hpp"

namespace tapedeck {
namespace {

std::atomic<Index> setting = 0;  // 0: as many as the process may run on

std::atomic<bool> keep = false;
std::atomic<bool> prepared = false;

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
  static const Index all = processors();
  const Index set = setting.load(std::memory_order_relaxed);
  return set == 0 ? all : set;
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
  static std::once_flag once;
  std::call_once(once, [] {
    prepared = true;
    if (!keep) openblas_set_num_threads(1);
    const float a[4] = {1, 2, 3, 4};
    float product[4] = {};
    cblas_sgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, 2, 2, 2, 1, a, 2, a, 2, 0, product, 2);
  });
}

}  // namespace tapedeck
