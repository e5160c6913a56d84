#include "kernels/loss_sum.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/loss_sum.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/vectors-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tapedeck::kernels::HWY_NAMESPACE {
namespace {

struct Squared {
  HWY_INLINE auto operator()(auto x, auto t, auto /*delta*/) const {
    const auto u = hn::Sub(x, t);
    return hn::Mul(u, u);
  }
};
struct Absolute {
  HWY_INLINE auto operator()(auto x, auto t, auto /*delta*/) const { return hn::Abs(hn::Sub(x, t)); }
};
struct Huber {
  HWY_INLINE auto operator()(auto x, auto t, auto delta) const {
    const auto half = hn::Set(Wide(), 0.5);
    const auto size = hn::Abs(hn::Sub(x, t));
    const auto linear = hn::Mul(delta, hn::NegMulAdd(half, delta, size));
    return hn::IfThenElse(hn::Gt(size, delta), linear, hn::Mul(half, hn::Mul(size, size)));
  }
};
struct LogisticLoss {
  HWY_INLINE auto operator()(auto x, auto t, auto /*delta*/) const {
    const auto product = hn::IfThenZeroElse(hn::Eq(t, hn::Zero(Wide())), hn::Mul(x, t));
    return hn::Sub(softplus_of(Wide(), x), product);
  }
};

// The first min(n, lanes) lanes, and zeros.
HWY_INLINE Vector<double> first(Index n, Vector<double> v) {
  return n >= hn::Lanes(Wide()) ? v : hn::IfThenElseZero(hn::FirstN(Wide(), n), v);
}

template <class F, class T>
HWY_NOINLINE double add_up(const T* x, const T* t, Index n, double delta) {
  constexpr F f;
  const Tag<T> d;
  const Index half = hn::Lanes(Wide());
  const auto limit = hn::Set(Wide(), delta);
  Sum sum{hn::Zero(Wide()), hn::Zero(Wide())};
  for (Index i = 0; i < n; i += hn::Lanes(d)) {
    const Index rest = n - i;
    const auto v = load_first(d, rest, x + i);
    const auto w = load_first(d, rest, t + i);
    sum.low = hn::Add(sum.low, first(rest, f(lower(v), lower(w), limit)));
    if (rest > half && hn::Lanes(d) > half) {
      sum.high = hn::Add(sum.high, first(rest - half, f(upper(v), upper(w), limit)));
    }
  }
  return sum.total();
}

template <class T>
double select_loss(LossFunction f, const T* x, const T* t, Index n, double delta) {
  switch (f) {
    case squared:
      return add_up<Squared>(x, t, n, delta);
    case absolute:
      return add_up<Absolute>(x, t, n, delta);
    case huber:
      return add_up<Huber>(x, t, n, delta);
    case logistic:
      return add_up<LogisticLoss>(x, t, n, delta);
  }
  return 0;
}

double sum_f32(LossFunction f, const float* x, const float* t, Index n, double delta) {
  return select_loss(f, x, t, n, delta);
}
double sum_f64(LossFunction f, const double* x, const double* t, Index n, double delta) {
  return select_loss(f, x, t, n, delta);
}

}  // namespace
}  // namespace tapedeck::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tapedeck::kernels {

HWY_EXPORT(sum_f32);
HWY_EXPORT(sum_f64);

double loss_sum(LossFunction f, const float* x, const float* t, Index n, double delta) {
  return HWY_DYNAMIC_DISPATCH(sum_f32)(f, x, t, n, delta);
}
double loss_sum(LossFunction f, const double* x, const double* t, Index n, double delta) {
  return HWY_DYNAMIC_DISPATCH(sum_f64)(f, x, t, n, delta);
}

}  // namespace tapedeck::kernels
#endif
