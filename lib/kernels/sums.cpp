#include "kernels/sums.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/sums.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/rows-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tapedeck::kernels::HWY_NAMESPACE {
namespace {

// Four sums side by side, as one would wait for each addition; each of as many partial sums as a vector has
// lanes, the same wherever the column is.
template <class T>
HWY_INLINE double sum_of_run(const T* x, Index n) {
  const Tag<T> d;
  const Index lanes = hn::Lanes(d);
  Halves sums[4] = {halves(0), halves(0), halves(0), halves(0)};
  Index i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    for (Index k = 0; k < 4; ++k) sums[k] = sums[k] + widen(hn::LoadU(d, x + i + k * lanes));
  }
  for (; i < n; i += lanes) sums[0] = sums[0] + load_wide(n - i, x + i);
  return sum_of<T>((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

// y(c) = a sum over r of x(r, c)
template <class T>
void sum_columns_on_target(Destination<T> y, const T* x, Shape shape, double a) {
  for (Index c = 0; y.data != nullptr && c < shape.cols; ++c) {
    const T sum = static_cast<T>(a * sum_of_run(x + c * shape.rows, shape.rows));
    y.data[c] = y.add ? y.data[c] + sum : sum;
  }
}

// y(r) = a sum over c of x(r, c), from left to right
template <class T>
void sum_rows_on_target(Destination<T> y, const T* x, Shape shape, double a) {
  if (y.data == nullptr) return;
  for_row_blocks<T>(shape.rows, shape.cols, [&](RowBlock<T> block) HWY_ATTR {
    typename RowBlock<T>::Column sum;
    block.add_up(sum, [&](Index r, Index c) HWY_ATTR { return block.load_wide(x, r, c); });
    block.for_rows([&](Index r) HWY_ATTR { block.put(y, narrow(Tag<T>(), halves(a) * sum.load(r)), r); });
  });
}

// x(r, c) = a y(c)
template <class T>
void spread_columns_on_target(Destination<T> x, Shape shape, const T* y, double a) {
  const Tag<T> d;
  for (Index c = 0; x.data != nullptr && c < shape.cols; ++c) {
    const auto v = hn::Set(d, static_cast<T>(a) * y[c]);
    for (Index i = 0; i < shape.rows; i += hn::Lanes(d))
      put_first<T>(x.add, v, shape.rows - i, x.data + c * shape.rows + i);
  }
}

// x(r, c) = a y(r)
template <class T>
void spread_rows_on_target(Destination<T> x, Shape shape, const T* y, double a) {
  const Tag<T> d;
  const auto factor = hn::Set(d, static_cast<T>(a));
  for (Index c = 0; x.data != nullptr && c < shape.cols; ++c) {
    for (Index i = 0; i < shape.rows; i += hn::Lanes(d)) {
      const Index rest = shape.rows - i;
      put_first<T>(x.add, hn::Mul(factor, load_first(d, rest, y + i)), rest, x.data + c * shape.rows + i);
    }
  }
}

void sum_columns_f32(Destination<float> y, const float* x, Shape shape, double a) {
  sum_columns_on_target(y, x, shape, a);
}
void sum_columns_f64(Destination<double> y, const double* x, Shape shape, double a) {
  sum_columns_on_target(y, x, shape, a);
}
void sum_rows_f32(Destination<float> y, const float* x, Shape shape, double a) {
  sum_rows_on_target(y, x, shape, a);
}
void sum_rows_f64(Destination<double> y, const double* x, Shape shape, double a) {
  sum_rows_on_target(y, x, shape, a);
}
void spread_columns_f32(Destination<float> x, Shape shape, const float* y, double a) {
  spread_columns_on_target(x, shape, y, a);
}
void spread_columns_f64(Destination<double> x, Shape shape, const double* y, double a) {
  spread_columns_on_target(x, shape, y, a);
}
void spread_rows_f32(Destination<float> x, Shape shape, const float* y, double a) {
  spread_rows_on_target(x, shape, y, a);
}
void spread_rows_f64(Destination<double> x, Shape shape, const double* y, double a) {
  spread_rows_on_target(x, shape, y, a);
}

}  // namespace
}  // namespace tapedeck::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tapedeck::kernels {

HWY_EXPORT(sum_columns_f32);
HWY_EXPORT(sum_columns_f64);
HWY_EXPORT(sum_rows_f32);
HWY_EXPORT(sum_rows_f64);
HWY_EXPORT(spread_columns_f32);
HWY_EXPORT(spread_columns_f64);
HWY_EXPORT(spread_rows_f32);
HWY_EXPORT(spread_rows_f64);

void sum_columns(Destination<float> y, const float* x, Shape shape, double a) {
  HWY_DYNAMIC_DISPATCH(sum_columns_f32)(y, x, shape, a);
}
void sum_columns(Destination<double> y, const double* x, Shape shape, double a) {
  HWY_DYNAMIC_DISPATCH(sum_columns_f64)(y, x, shape, a);
}
void sum_rows(Destination<float> y, const float* x, Shape shape, double a) {
  HWY_DYNAMIC_DISPATCH(sum_rows_f32)(y, x, shape, a);
}
void sum_rows(Destination<double> y, const double* x, Shape shape, double a) {
  HWY_DYNAMIC_DISPATCH(sum_rows_f64)(y, x, shape, a);
}
void spread_columns(Destination<float> x, Shape shape, const float* y, double a) {
  HWY_DYNAMIC_DISPATCH(spread_columns_f32)(x, shape, y, a);
}
void spread_columns(Destination<double> x, Shape shape, const double* y, double a) {
  HWY_DYNAMIC_DISPATCH(spread_columns_f64)(x, shape, y, a);
}
void spread_rows(Destination<float> x, Shape shape, const float* y, double a) {
  HWY_DYNAMIC_DISPATCH(spread_rows_f32)(x, shape, y, a);
}
void spread_rows(Destination<double> x, Shape shape, const double* y, double a) {
  HWY_DYNAMIC_DISPATCH(spread_rows_f64)(x, shape, y, a);
}

}  // namespace tapedeck::kernels
#endif
