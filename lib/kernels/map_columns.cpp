#include "kernels/map.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/map_columns.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/softmax-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tapedeck::kernels::HWY_NAMESPACE {
namespace {

// y = x - log(sum(exp(x))), column by column
template <class T>
void log_softmax_of(T* y, const T* x, Index n, Index cols) {
  const Tag<T> d;
  softmax_of_columns<T>(nullptr, x, n, cols, [&](Index c, LogSum log_sum) HWY_ATTR {
    const Halves largest = halves(log_sum.largest);
    const Halves rest = halves(log_sum.rest);
    for (Index i = 0; i < n; i += hn::Lanes(d)) {
      const Halves v = load_wide(n - i, x + c * n + i);
      store_first(d, narrow(d, v - largest - rest), n - i, y + c * n + i);
    }
  });
}

// dx = f(dy, y) for one column.
template <class T, class F>
HWY_INLINE void contribute(Destination<T> dx, const T* dy, const T* y, Index n, F f) {
  const Tag<T> d;
  for (Index i = 0; i < n; i += hn::Lanes(d)) {
    const auto value = f(load_first(d, n - i, dy + i), load_first(d, n - i, y + i));
    put_first<T>(dx.add, value, n - i, dx.data + i);
  }
}

// dx = y (.) (dy - sum(dy (.) y)) for one column
template <class T>
void softmax_vjp_of(Destination<T> dx, const T* dy, const T* y, Index n) {
  const Tag<T> d;
  Halves sum = halves(0);
  for (Index i = 0; i < n; i += hn::Lanes(d)) {
    sum = multiply_add(load_wide(n - i, dy + i), load_wide(n - i, y + i), sum);
  }
  const auto inner = hn::Set(d, static_cast<T>(sum_of<T>(sum)));
  contribute(dx, dy, y, n, [&](auto g, auto v) HWY_ATTR { return hn::Mul(v, hn::Sub(g, inner)); });
}

// dx = dy - exp(y) sum(dy) for one column
template <class T>
void log_softmax_vjp_of(Destination<T> dx, const T* dy, const T* y, Index n) {
  const Tag<T> d;
  Halves sum = halves(0);
  for (Index i = 0; i < n; i += hn::Lanes(d)) sum = sum + load_wide(n - i, dy + i);
  const auto total = hn::Set(d, static_cast<T>(sum_of<T>(sum)));
  contribute(dx, dy, y, n, [&](auto g, auto v) HWY_ATTR { return hn::NegMulAdd(exp(d, v), total, g); });
}

template <class T>
void select_kernel(ColumnFunction f, const Call<T>& call) {
  const auto& [target, n, cols, x, z, a, b] = call;
  const Index size = n * cols;
  switch (f) {
    case softmax:
      return softmax_of_columns(target.data, x, n, cols, [](Index, LogSum) {});
    case log_softmax:
      return log_softmax_of(target.data, x, n, cols);
    case softmax_vjp:
      for (Index i = 0; i < size; i += n) softmax_vjp_of<T>({target.data + i, target.add}, x + i, z + i, n);
      return;
    case log_softmax_vjp:
      for (Index i = 0; i < size; i += n)
        log_softmax_vjp_of<T>({target.data + i, target.add}, x + i, z + i, n);
      return;
  }
}

void run_f32(ColumnFunction f, const Call<float>& call) { select_kernel(f, call); }
void run_f64(ColumnFunction f, const Call<double>& call) { select_kernel(f, call); }

}  // namespace
}  // namespace tapedeck::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tapedeck::kernels {

HWY_EXPORT(run_f32);
HWY_EXPORT(run_f64);

void run(ColumnFunction f, const Call<float>& call) { HWY_DYNAMIC_DISPATCH(run_f32)(f, call); }
void run(ColumnFunction f, const Call<double>& call) { HWY_DYNAMIC_DISPATCH(run_f64)(f, call); }

}  // namespace tapedeck::kernels
#endif
