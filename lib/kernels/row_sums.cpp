#include "kernels/row_sums.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/row_sums.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>

#include "kernels/vectors-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tapedeck::kernels::HWY_NAMESPACE {
namespace {

constexpr Index splits = 4;   // sums under way at once, to hide the latency of an addition
constexpr Index block = 128;  // columns whose sum is added to the total

// The sums of `count` rows, at most as many as `vectors` vectors hold; x begins at the first of them.
template <Index vectors, class T>
HWY_INLINE void sum_few_rows(T* total, bool add, const T* x, Index count, Index rows, Index cols) {
  const Tag<T> d;
  const Index lanes = hn::Lanes(d);
  const Index last = count - (vectors - 1) * lanes;
  Vector<T> sum[vectors];
  for (Index v = 0; v < vectors; ++v) sum[v] = hn::Zero(d);
  const auto add_column = [&](Vector<T>* into, const T* column) HWY_ATTR {
    for (Index v = 0; v + 1 < vectors; ++v) into[v] = hn::Add(into[v], hn::LoadU(d, column + v * lanes));
    into[vectors - 1] = hn::Add(into[vectors - 1], load_first(d, last, column + (vectors - 1) * lanes));
  };
  for (Index begin = 0; begin < cols; begin += block) {
    const Index end = std::min(begin + block, cols);
    Vector<T> part[splits][vectors];
    for (Index s = 0; s < splits; ++s) {
      for (Index v = 0; v < vectors; ++v) part[s][v] = hn::Zero(d);
    }
    Index j = begin;
    for (; j + splits <= end; j += splits) {
      for (Index s = 0; s < splits; ++s) add_column(part[s], x + (j + s) * rows);
    }
    for (; j < end; ++j) add_column(part[0], x + j * rows);
    for (Index v = 0; v < vectors; ++v) {
      const auto whole = hn::Add(hn::Add(part[0][v], part[1][v]), hn::Add(part[2][v], part[3][v]));
      sum[v] = hn::Add(sum[v], whole);
    }
  }
  for (Index v = 0; v < vectors; ++v) {
    const Index n = count - v * lanes;
    T* to = total + v * lanes;
    store_first(d, add ? hn::Add(load_first(d, n, to), sum[v]) : sum[v], n, to);
  }
}

template <class T>
void sum_all_rows(T* sum, bool add, const T* x, Index rows, Index cols) {
  const Index lanes = hn::Lanes(Tag<T>());
  for (Index i = 0; i < rows; i += 2 * lanes) {
    const Index count = std::min(rows - i, 2 * lanes);
    if (count > lanes) {
      sum_few_rows<2>(sum + i, add, x + i, count, rows, cols);
    } else {
      sum_few_rows<1>(sum + i, add, x + i, count, rows, cols);
    }
  }
}

void sum_f32(float* sum, bool add, const float* x, Index rows, Index cols) {
  sum_all_rows(sum, add, x, rows, cols);
}
void sum_f64(double* sum, bool add, const double* x, Index rows, Index cols) {
  sum_all_rows(sum, add, x, rows, cols);
}

}  // namespace
}  // namespace tapedeck::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tapedeck::kernels {

HWY_EXPORT(sum_f32);
HWY_EXPORT(sum_f64);

void sum_rows(float* sum, bool add, const float* x, Index rows, Index cols) {
  HWY_DYNAMIC_DISPATCH(sum_f32)(sum, add, x, rows, cols);
}
void sum_rows(double* sum, bool add, const double* x, Index rows, Index cols) {
  HWY_DYNAMIC_DISPATCH(sum_f64)(sum, add, x, rows, cols);
}

}  // namespace tapedeck::kernels
#endif
