// Vectors of float and of double, computed with as double. Compiled once for each target, hence the guard.

#if defined(TAPEDECK_KERNELS_HALVES_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef TAPEDECK_KERNELS_HALVES_INL_HPP
#undef TAPEDECK_KERNELS_HALVES_INL_HPP
#else
#define TAPEDECK_KERNELS_HALVES_INL_HPP
#endif

#include "kernels/vectors-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tapedeck::kernels::HWY_NAMESPACE {
namespace {

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
// lower one, and the upper one does not count. Its operators are no friends within it: GCC 12 without
// optimisation would compile those for other vectors than the target's, and pass wrong numbers.
struct Halves {
  Vector<double> low, high;
};
HWY_INLINE Halves operator+(Halves a, Halves b) { return {hn::Add(a.low, b.low), hn::Add(a.high, b.high)}; }
HWY_INLINE Halves operator-(Halves a, Halves b) { return {hn::Sub(a.low, b.low), hn::Sub(a.high, b.high)}; }
HWY_INLINE Halves operator*(Halves a, Halves b) { return {hn::Mul(a.low, b.low), hn::Mul(a.high, b.high)}; }
HWY_INLINE Halves operator/(Halves a, Halves b) { return {hn::Div(a.low, b.low), hn::Div(a.high, b.high)}; }
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

}  // namespace
}  // namespace tapedeck::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
