#include "kernels/bias_gradient.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/bias_gradient.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>

#include "kernels/vectors-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tapedeck::kernels::HWY_NAMESPACE {
namespace {

constexpr Index splits = 4;   // sums under way at once, to hide the latency of an addition
constexpr Index chunk = 128;  // columns whose sum is added to the total

// The sums of `count` rows, at most as many as `vectors` vectors hold; `total` and x begin at the first of
// them, and x's columns are `rows` apart.
template <Index vectors, class T>
HWY_INLINE void sum_few_rows(Destination<T> total, const T* x, Index count, Index rows, Index cols) {
  const Tag<T> d;
  const Index lanes = hn::Lanes(d);
  const Index last = count - (vectors - 1) * lanes;
  Vector<T> sum[vectors];
  for (Index v = 0; v < vectors; ++v) sum[v] = hn::Zero(d);
  const auto add_column = [&](Vector<T>* into, const T* column) HWY_ATTR {
    for (Index v = 0; v + 1 < vectors; ++v) into[v] = hn::Add(into[v], hn::LoadU(d, column + v * lanes));
    into[vectors - 1] = hn::Add(into[vectors - 1], load_first(d, last, column + (vectors - 1) * lanes));
  };
  for (Index begin = 0; begin < cols; begin += chunk) {
    const Index end = std::min(begin + chunk, cols);
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
    put_first<T>(total.add, sum[v], count - v * lanes, total.data + v * lanes);
  }
}

// db(i) = dy(i, 0) + dy(i, 1) + ...
template <class T>
void sum_all_rows(Destination<T> sum, const T* x, Shape shape) {
  if (sum.data == nullptr) return;  // nobody wants it
  const auto [rows, cols] = shape;
  const Index lanes = hn::Lanes(Tag<T>());
  for (Index i = 0; i < rows; i += 2 * lanes) {
    const Destination<T> part{sum.data + i, sum.add};
    const Index count = std::min(rows - i, 2 * lanes);
    if (count > lanes) {
      sum_few_rows<2>(part, x + i, count, rows, cols);
    } else {
      sum_few_rows<1>(part, x + i, count, rows, cols);
    }
  }
}

void bias_gradient_f32(Destination<float> db, const float* dy, Shape shape) { sum_all_rows(db, dy, shape); }
void bias_gradient_f64(Destination<double> db, const double* dy, Shape shape) { sum_all_rows(db, dy, shape); }

}  // namespace
}  // namespace tapedeck::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tapedeck::kernels {

HWY_EXPORT(bias_gradient_f32);
HWY_EXPORT(bias_gradient_f64);

void bias_gradient(Destination<float> db, const float* dy, Shape shape) {
  HWY_DYNAMIC_DISPATCH(bias_gradient_f32)(db, dy, shape);
}
void bias_gradient(Destination<double> db, const double* dy, Shape shape) {
  HWY_DYNAMIC_DISPATCH(bias_gradient_f64)(db, dy, shape);
}

}  // namespace tapedeck::kernels
#endif
