#include "kernels/flat.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/flat.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/halves-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tapedeck::kernels::HWY_NAMESPACE {
namespace {

// The largest exponent, in place. All of its bits set means Inf or NaN.
template <class T>
bool all_finite_of(const T* x, Index n) {
  const Tag<T> d;
  const hn::RebindToSigned<Tag<T>> bits;
  const Index lanes = hn::Lanes(d);
  const auto mask = hn::BitCast(bits, hn::Inf(d));
  const auto exponent = [&](auto v) HWY_ATTR { return hn::And(hn::BitCast(bits, v), mask); };
  auto even = hn::Zero(bits);
  auto odd = hn::Zero(bits);
  Index i = 0;
  for (; n - i >= 2 * lanes; i += 2 * lanes) {
    even = hn::Max(even, exponent(hn::LoadU(d, x + i)));
    odd = hn::Max(odd, exponent(hn::LoadU(d, x + i + lanes)));
  }
  for (; i < n; i += lanes) even = hn::Max(even, exponent(load_first(d, n - i, x + i)));
  return hn::AllTrue(bits, hn::Lt(hn::Max(even, odd), mask));
}

// x(0)^2 + x(1)^2 + ..., in as many partial sums as two vectors hold
template <class T>
double sum_of_squares_of(const T* x, Index n) {
  const Tag<T> d;
  const Index lanes = hn::Lanes(d);
  Halves even = halves(0);
  Halves odd = even;
  Index i = 0;
  for (; n - i >= 2 * lanes; i += 2 * lanes) {
    const Halves v = widen(hn::LoadU(d, x + i));
    const Halves w = widen(hn::LoadU(d, x + i + lanes));
    even = multiply_add(v, v, even);
    odd = multiply_add(w, w, odd);
  }
  for (; i < n; i += lanes) {
    const Halves v = load_wide(n - i, x + i);
    even = multiply_add(v, v, even);
  }
  return sum_of<T>(even) + sum_of<T>(odd);
}

// x = min(max(x, -limit), limit)
template <class T>
void clamp_of(T* x, Index n, T limit) {
  const Tag<T> d;
  const auto high = hn::Set(d, limit);
  const auto low = hn::Neg(high);
  for (Index i = 0; i < n; i += hn::Lanes(d)) {
    const auto v = at_most(d, load_first(d, n - i, x + i), high);
    store_first(d, hn::IfThenElse(hn::Lt(v, low), low, v), n - i, x + i);
  }
}

// x = (1 - weight) x + weight y, in double, each operation rounded once: the bits of the plain loop. With
// weight > 0 it is 0 where y is 0 and the result is below the smallest normal number.
template <class T>
void blend_of(T* x, const T* y, Index n, double weight) {
  const Tag<T> d;
  const auto mine = hn::Set(Wide(), 1 - weight);
  const auto other = hn::Set(Wide(), weight);
  const auto mixed = [&](auto v, auto w) HWY_ATTR { return hn::Add(hn::Mul(mine, v), hn::Mul(other, w)); };
  const auto smallest = hn::Set(d, weight > 0 ? std::numeric_limits<T>::min() : T{0});
  for (Index i = 0; i < n; i += hn::Lanes(d)) {
    const auto v = load_first(d, n - i, x + i);
    const auto w = load_first(d, n - i, y + i);
    const auto sum = narrow(d, mixed(lower(v), lower(w)), mixed(upper(v), upper(w)));
    store_first(d, decayed(d, sum, w, smallest), n - i, x + i);
  }
}

bool all_finite_f32(const float* x, Index n) { return all_finite_of(x, n); }
bool all_finite_f64(const double* x, Index n) { return all_finite_of(x, n); }
double sum_of_squares_f32(const float* x, Index n) { return sum_of_squares_of(x, n); }
double sum_of_squares_f64(const double* x, Index n) { return sum_of_squares_of(x, n); }
void clamp_f32(float* x, Index n, float limit) { clamp_of(x, n, limit); }
void clamp_f64(double* x, Index n, double limit) { clamp_of(x, n, limit); }
void blend_f32(float* x, const float* y, Index n, double weight) { blend_of(x, y, n, weight); }
void blend_f64(double* x, const double* y, Index n, double weight) { blend_of(x, y, n, weight); }

}  // namespace
}  // namespace tapedeck::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tapedeck::kernels {

HWY_EXPORT(all_finite_f32);
HWY_EXPORT(all_finite_f64);
HWY_EXPORT(sum_of_squares_f32);
HWY_EXPORT(sum_of_squares_f64);
HWY_EXPORT(clamp_f32);
HWY_EXPORT(clamp_f64);
HWY_EXPORT(blend_f32);
HWY_EXPORT(blend_f64);

bool all_finite(const float* x, Index n) { return HWY_DYNAMIC_DISPATCH(all_finite_f32)(x, n); }
bool all_finite(const double* x, Index n) { return HWY_DYNAMIC_DISPATCH(all_finite_f64)(x, n); }
double sum_of_squares(const float* x, Index n) { return HWY_DYNAMIC_DISPATCH(sum_of_squares_f32)(x, n); }
double sum_of_squares(const double* x, Index n) { return HWY_DYNAMIC_DISPATCH(sum_of_squares_f64)(x, n); }
void clamp(float* x, Index n, float limit) { HWY_DYNAMIC_DISPATCH(clamp_f32)(x, n, limit); }
void clamp(double* x, Index n, double limit) { HWY_DYNAMIC_DISPATCH(clamp_f64)(x, n, limit); }
void blend(float* x, const float* y, Index n, double weight) {
  HWY_DYNAMIC_DISPATCH(blend_f32)(x, y, n, weight);
}
void blend(double* x, const double* y, Index n, double weight) {
  HWY_DYNAMIC_DISPATCH(blend_f64)(x, y, n, weight);
}

}  // namespace tapedeck::kernels
#endif
