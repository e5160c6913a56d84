#include <cmath>
#include <type_traits>

#include "kernels/map.hpp"
#include "kernels/softmax_column.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/map_columns.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/vectors-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tapedeck::kernels::HWY_NAMESPACE {
namespace {

// min(n, lanes) elements, followed by -Inf: no largest element, and nothing once exponentiated.
template <class T>
HWY_INLINE Vector<T> load_logits(Index n, const T* from) {
  const Tag<T> d;
  const auto v = load_first(d, n, from);
  if (n >= hn::Lanes(d)) return v;
  return hn::IfThenElse(hn::FirstN(d, n), v, hn::Set(d, -std::numeric_limits<T>::infinity()));
}

template <class T>
HWY_INLINE T largest_of(const T* z, Index n) {
  const Tag<T> d;
  auto largest = load_logits(n, z);
  for (Index i = hn::Lanes(d); i < n; i += hn::Lanes(d))
    largest = hn::Max(largest, load_logits(n - i, z + i));
  return hn::GetLane(hn::MaxOfLanes(d, largest));
}

// p = softmax(z) if p is not null. If an element is NaN or Inf, or all are -Inf, everything is NaN.
template <class T>
LogSum softmax_of(T* p, const T* z, Index n) {
  const Tag<T> d;
  const Index lanes = hn::Lanes(d);
  const T largest = largest_of(z, n);
  const auto shift = hn::Set(d, largest);
  Halves sum = halves(0);
  for (Index i = 0; i < n; i += lanes) {
    const auto e = exp(d, hn::Sub(load_logits(n - i, z + i), shift));
    if (p != nullptr) store_first(d, e, n - i, p + i);
    sum = sum + widen(e);
  }
  const double total = sum_of(sum);
  const auto divisor = hn::Set(d, static_cast<T>(total));
  for (Index i = 0; p != nullptr && i < n; i += lanes) {
    store_first(d, hn::Div(load_first(d, n - i, p + i), divisor), n - i, p + i);
  }
  return {static_cast<double>(largest), std::log(total)};
}

template <class T>
void log_softmax_of(T* y, const T* x, Index n) {
  const Tag<T> d;
  const LogSum log_sum = softmax_of<T>(nullptr, x, n);
  const auto largest = hn::Set(Wide(), log_sum.largest);
  const auto rest = hn::Set(Wide(), log_sum.rest);
  const auto shifted = [&](auto v) HWY_ATTR { return hn::Sub(hn::Sub(v, largest), rest); };
  for (Index i = 0; i < n; i += hn::Lanes(d)) {
    const auto v = load_first(d, n - i, x + i);
    store_first(d, narrow(d, shifted(lower(v)), shifted(upper(v))), n - i, y + i);
  }
}

// dx = f(dy, y), or dx += f(dy, y).
template <class T, class F>
HWY_INLINE void contribute(T* dx, bool add, const T* dy, const T* y, Index n, F f) {
  const Tag<T> d;
  for (Index i = 0; i < n; i += hn::Lanes(d)) {
    auto value = f(load_first(d, n - i, dy + i), load_first(d, n - i, y + i));
    if (add) value = hn::Add(load_first(d, n - i, dx + i), value);
    store_first(d, value, n - i, dx + i);
  }
}

template <class T>
void softmax_vjp_of(T* dx, bool add, const T* dy, const T* y, Index n) {
  const Tag<T> d;
  Halves sum = halves(0);
  for (Index i = 0; i < n; i += hn::Lanes(d)) {
    sum = multiply_add(widen(load_first(d, n - i, dy + i)), widen(load_first(d, n - i, y + i)), sum);
  }
  const auto inner = hn::Set(d, static_cast<T>(sum_of(sum)));
  contribute(dx, add, dy, y, n, [&](auto g, auto v) HWY_ATTR { return hn::Mul(v, hn::Sub(g, inner)); });
}

template <class T>
void log_softmax_vjp_of(T* dx, bool add, const T* dy, const T* y, Index n) {
  const Tag<T> d;
  Halves sum = halves(0);
  for (Index i = 0; i < n; i += hn::Lanes(d)) sum = sum + widen(load_first(d, n - i, dy + i));
  const auto total = hn::Set(d, static_cast<T>(sum_of(sum)));
  contribute(dx, add, dy, y, n, [&](auto g, auto v) HWY_ATTR { return hn::NegMulAdd(exp(d, v), total, g); });
}

template <class T>
void select_kernel(ColumnFunction f, const Call<T>& call) {
  const Index n = call.rows;
  for (Index i = 0; n > 0 && i < n * call.cols; i += n) {
    switch (f) {
      case softmax:
        softmax_of(call.target + i, call.x + i, n);
        break;
      case softmax_vjp:
        softmax_vjp_of(call.target + i, call.add, call.x + i, call.z + i, n);
        break;
      case log_softmax:
        log_softmax_of(call.target + i, call.x + i, n);
        break;
      case log_softmax_vjp:
        log_softmax_vjp_of(call.target + i, call.add, call.x + i, call.z + i, n);
        break;
    }
  }
}

void run_f32(ColumnFunction f, const Call<float>& call) { select_kernel(f, call); }
void run_f64(ColumnFunction f, const Call<double>& call) { select_kernel(f, call); }
LogSum softmax_f32(float* p, const float* z, Index n) { return softmax_of(p, z, n); }
LogSum softmax_f64(double* p, const double* z, Index n) { return softmax_of(p, z, n); }

}  // namespace
}  // namespace tapedeck::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tapedeck::kernels {

HWY_EXPORT(run_f32);
HWY_EXPORT(run_f64);
HWY_EXPORT(softmax_f32);
HWY_EXPORT(softmax_f64);

void run(ColumnFunction f, const Call<float>& call) { HWY_DYNAMIC_DISPATCH(run_f32)(f, call); }
void run(ColumnFunction f, const Call<double>& call) { HWY_DYNAMIC_DISPATCH(run_f64)(f, call); }
LogSum softmax_column(float* p, const float* z, Index classes) {
  return HWY_DYNAMIC_DISPATCH(softmax_f32)(p, z, classes);
}
LogSum softmax_column(double* p, const double* z, Index classes) {
  return HWY_DYNAMIC_DISPATCH(softmax_f64)(p, z, classes);
}

}  // namespace tapedeck::kernels
#endif
