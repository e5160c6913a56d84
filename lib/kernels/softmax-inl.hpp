// Softmax of columns, and log(sum(exp)) of each. Compiled once for each target, hence the guard.

#if defined(TAPEDECK_KERNELS_SOFTMAX_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef TAPEDECK_KERNELS_SOFTMAX_INL_HPP
#undef TAPEDECK_KERNELS_SOFTMAX_INL_HPP
#else
#define TAPEDECK_KERNELS_SOFTMAX_INL_HPP
#endif

#include <algorithm>
#include <cmath>

#include "kernels/halves-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tapedeck::kernels::HWY_NAMESPACE {
namespace {

// log(sum(exp(z))) = largest + rest, where largest is z's largest element, so that nothing overflows.
struct LogSum {
  double largest, rest;
};

// Highway's is nonsense for NaN.
HWY_INLINE Vector<double> log(Vector<double> x) {
  return hn::IfThenElse(hn::IsNaN(x), x, hn::Log(Wide(), x));
}

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

// p = exp(z) / sum(exp(z)) for one column, if p is not null; with z - max(z) for z, so that nothing
// overflows.
template <class T>
HWY_INLINE LogSum softmax_of_column(T* p, const T* z, Index n) {
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
  const double total = sum_of<T>(sum);
  const auto divisor = hn::Set(d, static_cast<T>(total));
  for (Index i = 0; p != nullptr && i < n; i += lanes) {
    store_first(d, hn::Div(load_first(d, n - i, p + i), divisor), n - i, p + i);
  }
  return {static_cast<double>(largest), std::log(total)};
}

// The same for columns that are no longer than a vector, side by side: each has a lane of its own.
template <class T, class F>
HWY_INLINE void softmax_side_by_side(T* p, const T* z, Index n, Index cols, const F& each) {
  constexpr Index most = hn::MaxLanes(Tag<T>());
  const Tag<T> d;
  const Index lanes = hn::Lanes(d);
  HWY_ALIGN T logits[most * most];  // element i of column c at i lanes + c
  HWY_ALIGN T largest[most];
  HWY_ALIGN double rest[most];
  for (Index first = 0; first < cols; first += lanes) {
    const Index count = std::min(lanes, cols - first);
    for (Index c = 0; c < lanes; ++c) {
      const T* column = z + (first + std::min(c, count - 1)) * n;
      for (Index i = 0; i < n; ++i) logits[i * lanes + c] = column[i];
    }
    auto shift = hn::Load(d, logits);
    for (Index i = 1; i < n; ++i) shift = hn::Max(shift, hn::Load(d, logits + i * lanes));
    Halves sum = halves(0);
    for (Index i = 0; i < n; ++i) {
      const auto e = exp(d, hn::Sub(hn::Load(d, logits + i * lanes), shift));
      hn::Store(e, d, logits + i * lanes);
      sum = sum + widen(e);
    }
    hn::Store(shift, d, largest);
    store_halves<T>({log(sum.low), log(sum.high)}, rest);
    if (p != nullptr) {
      const auto divisor = narrow(d, sum);
      for (Index i = 0; i < n; ++i)
        hn::Store(hn::Div(hn::Load(d, logits + i * lanes), divisor), d, logits + i * lanes);
      for (Index c = 0; c < count; ++c) {
        for (Index i = 0; i < n; ++i) p[(first + c) * n + i] = logits[i * lanes + c];
      }
    }
    for (Index c = 0; c < count; ++c) each(first + c, LogSum{static_cast<double>(largest[c]), rest[c]});
  }
}

// p = softmax(z) for every column if p is not null, and each(c, log_sum). If an element of a column is NaN or
// Inf, or all are -Inf, everything about the column is NaN.
template <class T, class F>
HWY_INLINE void softmax_of_columns(T* p, const T* z, Index n, Index cols, const F& each) {
  if (n == 0) return;
  if (n <= hn::Lanes(Tag<T>())) return softmax_side_by_side(p, z, n, cols, each);
  for (Index c = 0; c < cols; ++c) {
    each(c, softmax_of_column(p == nullptr ? nullptr : p + c * n, z + c * n, n));
  }
}

}  // namespace
}  // namespace tapedeck::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
