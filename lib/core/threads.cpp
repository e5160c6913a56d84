#include "tapedeck/core/threads.hpp"

#include <cblas.h>

#include <atomic>
#include <mutex>

namespace tapedeck {
namespace {

std::atomic<bool> keep = false;

}  // namespace

void keep_blas_threads() { keep = true; }

void prepare_blas() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (!keep) openblas_set_num_threads(1);
    const float a[4] = {1, 2, 3, 4};
    float product[4] = {};
    cblas_sgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, 2, 2, 2, 1, a, 2, a, 2, 0, product, 2);
  });
}

}  // namespace tapedeck
