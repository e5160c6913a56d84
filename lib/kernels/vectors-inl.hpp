// What the kernels share: parts of vectors, and functions that keep NaN, infinities and denormal numbers.
// Compiled once for each target, hence the guard.

#if defined(TAPEDECK_KERNELS_VECTORS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef TAPEDECK_KERNELS_VECTORS_INL_HPP
#undef TAPEDECK_KERNELS_VECTORS_INL_HPP
#else
#define TAPEDECK_KERNELS_VECTORS_INL_HPP
#endif

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include <cstring>
#include <limits>

#include "tapedeck/core/matrix.hpp"

HWY_BEFORE_NAMESPACE();
namespace tapedeck::kernels::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Before AVX2, Highway's masked loads read, aligned, what the mask leaves out.
inline constexpr bool masks_memory = HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX2;

// min(n, lanes) elements, followed by zeros.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> load_first(D d, Index n, const T* from) {
  if (n >= hn::Lanes(d)) return hn::LoadU(d, from);
  if constexpr (masks_memory) {
    return hn::MaskedLoad(hn::FirstN(d, n), d, from);
  } else {
    HWY_ALIGN T part[hn::MaxLanes(d)] = {};
    std::memcpy(part, from, n * sizeof(T));
    return hn::Load(d, part);
  }
}

template <class D, class V, class T = hn::TFromD<D>>
HWY_INLINE void store_first(D d, V v, Index n, T* to) {
  if (n >= hn::Lanes(d)) return hn::StoreU(v, d, to);
  if constexpr (masks_memory) {
    hn::BlendedStore(v, hn::FirstN(d, n), d, to);
  } else {
    HWY_ALIGN T part[hn::MaxLanes(d)];
    hn::Store(v, d, part);
    std::memcpy(to, part, n * sizeof(T));
  }
}

// Zeros keep their sign and NaN stays NaN.
template <class D, class V>
HWY_INLINE V at_most(D /*d*/, V x, V limit) {
  return hn::IfThenElse(hn::Gt(x, limit), limit, x);
}

// 1 ulp. Highway's gives 0 for NaN, and nonsense far above the largest x with a finite result.
template <class D, class V, class T = hn::TFromD<D>>
HWY_INLINE V exp(D d, V x) {
  const V limit = hn::Set(d, static_cast<T>(sizeof(T) == 4 ? 89 : 710));  // where the result is infinite
  return hn::IfThenElse(hn::IsNaN(x), x, hn::Exp(d, at_most(d, x, limit)));
}

// s = sigmoid(x) and 1 - s, both with a small relative error.
template <class V>
struct Logistic {
  V s, complement;
};
template <class D, class V, class T = hn::TFromD<D>>
HWY_INLINE Logistic<V> logistic_of(D d, V x) {
  const V one = hn::Set(d, T{1});
  const V e = exp(d, hn::Neg(hn::Abs(x)));
  const V large = hn::Div(one, hn::Add(one, e));
  const V small = hn::Mul(e, large);
  const auto negative = hn::Lt(x, hn::Zero(d));
  return {hn::IfThenElse(negative, small, large), hn::IfThenElse(negative, large, small)};
}

// log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|))
template <class D, class V>
HWY_INLINE V softplus_of(D d, V x) {
  const V positive = hn::IfThenZeroElse(hn::Lt(x, hn::Zero(d)), x);
  return hn::Add(positive, hn::Log1p(d, exp(d, hn::Neg(hn::Abs(x)))));
}

template <class T>
using Tag = hn::ScalableTag<T>;
template <class T>
using Vector = hn::Vec<Tag<T>>;

using Wide = hn::ScalableTag<double>;

// The lower and upper half of a vector of float as double; a vector of double is its own lower half.
#if HWY_TARGET == HWY_SCALAR
HWY_INLINE Vector<double> lower(Vector<float> v) { return hn::PromoteTo(Wide(), v); }
HWY_INLINE Vector<double> upper(Vector<float> /*v*/) { return hn::Zero(Wide()); }
HWY_INLINE Vector<float> narrow(Tag<float> d, Vector<double> low, Vector<double> /*high*/) {
  return hn::DemoteTo(d, low);
}
#else
HWY_INLINE Vector<double> lower(Vector<float> v) { return hn::PromoteTo(Wide(), hn::LowerHalf(v)); }
HWY_INLINE Vector<double> upper(Vector<float> v) {
  return hn::PromoteTo(Wide(), hn::UpperHalf(hn::Half<Tag<float>>(), v));
}
HWY_INLINE Vector<float> narrow(Tag<float> d, Vector<double> low, Vector<double> high) {
  const hn::Half<Tag<float>> half;
  return hn::Combine(d, hn::DemoteTo(half, high), hn::DemoteTo(half, low));
}
#endif
HWY_INLINE Vector<double> lower(Vector<double> v) { return v; }
HWY_INLINE Vector<double> upper(Vector<double> /*v*/) { return hn::Zero(Wide()); }

HWY_INLINE Vector<double> narrow(Tag<double> /*d*/, Vector<double> low, Vector<double> /*high*/) {
  return low;
}

// A vector of T as double, in halves that follow one another in memory; that of a vector of double is the
// lower one, and the upper one does not count.
struct Halves {
  Vector<double> low, high;

  HWY_INLINE friend Halves operator+(Halves a, Halves b) {
    return {hn::Add(a.low, b.low), hn::Add(a.high, b.high)};
  }
  HWY_INLINE friend Halves operator-(Halves a, Halves b) {
    return {hn::Sub(a.low, b.low), hn::Sub(a.high, b.high)};
  }
  HWY_INLINE friend Halves operator*(Halves a, Halves b) {
    return {hn::Mul(a.low, b.low), hn::Mul(a.high, b.high)};
  }
  HWY_INLINE friend Halves operator/(Halves a, Halves b) {
    return {hn::Div(a.low, b.low), hn::Div(a.high, b.high)};
  }
};
// a b + c, rounded once where the processor can.
HWY_INLINE Halves multiply_add(Halves a, Halves b, Halves c) {
  return {hn::MulAdd(a.low, b.low, c.low), hn::MulAdd(a.high, b.high, c.high)};
}
HWY_INLINE Halves sqrt(Halves a) { return {hn::Sqrt(a.low), hn::Sqrt(a.high)}; }
// v, but 0 where w is 0.
HWY_INLINE Halves where_not_zero(Halves w, Halves v) {
  const auto zero = hn::Zero(Wide());
  return {hn::IfThenZeroElse(hn::Eq(w.low, zero), v.low), hn::IfThenZeroElse(hn::Eq(w.high, zero), v.high)};
}
HWY_INLINE Halves halves(double x) { return {hn::Set(Wide(), x), hn::Set(Wide(), x)}; }
HWY_INLINE Halves widen(auto v) { return {lower(v), upper(v)}; }
template <class D>
HWY_INLINE hn::Vec<D> narrow(D d, Halves v) {
  return narrow(d, v.low, v.high);
}

template <class T>
inline constexpr bool has_upper_half = sizeof(T) == 4 && HWY_TARGET != HWY_SCALAR;
template <class T>
HWY_INLINE double sum_of(Halves v) {
  if constexpr (has_upper_half<T>) v.low = hn::Add(v.low, v.high);
  return hn::GetLane(hn::SumOfLanes(Wide(), v.low));
}
// min(n, lanes of T) elements, followed by zeros.
template <class T>
HWY_INLINE Halves load_wide(Index n, const T* from) {
  return widen(load_first(Tag<T>(), n, from));
}

template <class T>
HWY_INLINE Halves load_halves(const double* from) {
  const auto low = hn::LoadU(Wide(), from);
  if constexpr (!has_upper_half<T>) return {low, hn::Zero(Wide())};
  return {low, hn::LoadU(Wide(), from + hn::Lanes(Wide()))};
}
template <class T>
HWY_INLINE void store_halves(Halves v, double* to) {
  hn::StoreU(v.low, Wide(), to);
  if constexpr (has_upper_half<T>) hn::StoreU(v.high, Wide(), to + hn::Lanes(Wide()));
}
// The first min(n, lanes of T) numbers, and zeros.
template <class T>
HWY_INLINE Halves first_halves(Index n, Halves v) {
  const Index half = hn::Lanes(Wide());
  if (n >= hn::Lanes(Tag<T>())) return v;
  if (n <= half) return {hn::IfThenElseZero(hn::FirstN(Wide(), n), v.low), hn::Zero(Wide())};
  return {v.low, hn::IfThenElseZero(hn::FirstN(Wide(), n - half), v.high)};
}

// to[0], to[1], ... = v, or += v, of which the first min(n, lanes) count.
template <class T>
HWY_INLINE void put_first(bool add, Vector<T> v, Index n, T* to) {
  const Tag<T> d;
  if (add) v = hn::Add(load_first(d, n, to), v);
  store_first(d, v, n, to);
}

}  // namespace
}  // namespace tapedeck::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
