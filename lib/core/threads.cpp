#include "tapedeck/core/threads.hpp"

#include <cblas.h>

#include <atomic>
#include <mutex>

#include "tapedeck/core/error.hpp"

namespace tapedeck {
namespace {

std::atomic<bool> keep = false;
std::atomic<bool> prepared = false;

}  // namespace

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
