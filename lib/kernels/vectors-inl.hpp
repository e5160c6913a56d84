// What the kernels share: parts of vectors, and functions that keep NaN and infinities, and all but `decayed`
// denormal numbers. Compiled once for each target, hence the guard.

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

#include "tapedeck/core/shape.hpp"

#ifndef KEPT_INLINE
#define KEPT_INLINE __attribute__((always_inline))  // for lambdas, as HWY_INLINE is for functions
#endif

HWY_BEFORE_NAMESPACE();
namespace tapedeck::kernels::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

template <class T>
using Tag = hn::ScalableTag<T>;
template <class T>
using Vector = hn::Vec<Tag<T>>;

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

// to[0], to[1], ... = v, or += v, of which the first min(n, lanes) count.
template <class T>
HWY_INLINE void put_first(bool add, Vector<T> v, Index n, T* to) {
  const Tag<T> d;
  if (add) v = hn::Add(load_first(d, n, to), v);
  store_first(d, v, n, to);
}

// Zeros keep their sign and NaN stays NaN.
template <class D, class V>
HWY_INLINE V at_most(D /*d*/, V x, V limit) {
  return hn::IfThenElse(hn::Gt(x, limit), limit, x);
}

// An average's new value, of which `term` is the latest contribution: 0 where nothing came and the average is
// below the smallest normal number.
template <class D, class V>
HWY_INLINE V decayed(D d, V average, V term, V smallest) {
  const auto nothing_came = hn::Eq(term, hn::Zero(d));
  return hn::IfThenZeroElse(hn::And(nothing_came, hn::Lt(hn::Abs(average), smallest)), average);
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

// log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)), the two parts; where x is large, the sum is the first
// alone.
template <class V>
struct SoftplusParts {
  V positive, rest;
};
template <class D, class V>
HWY_INLINE SoftplusParts<V> softplus_of(D d, V x) {
  return {hn::IfThenZeroElse(hn::Lt(x, hn::Zero(d)), x), hn::Log1p(d, exp(d, hn::Neg(hn::Abs(x))))};
}

}  // namespace
}  // namespace tapedeck::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
