#include "kernels/loss_sum.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/loss_sum.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/halves-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tapedeck::kernels::HWY_NAMESPACE {
namespace {

// u^2,  u = x - t
struct Squared {
  HWY_INLINE auto operator()(auto x, auto t, auto /*delta*/) const {
    const auto u = hn::Sub(x, t);
    return hn::Mul(u, u);
  }
};
// |x - t|
struct Absolute {
  HWY_INLINE auto operator()(auto x, auto t, auto /*delta*/) const { return hn::Abs(hn::Sub(x, t)); }
};
// u^2 / 2 where |u| <= delta, else delta (|u| - delta / 2),  u = x - t
struct Huber {
  HWY_INLINE auto operator()(auto x, auto t, auto delta) const {
    const auto half = hn::Set(Wide(), 0.5);
    const auto size = hn::Abs(hn::Sub(x, t));
    const auto linear = hn::Mul(delta, hn::NegMulAdd(half, delta, size));
    return hn::IfThenElse(hn::Gt(size, delta), linear, hn::Mul(half, hn::Mul(size, size)));
  }
};
// max(x, 0) - x t + log(1 + exp(-|x|)), x t being 0 where t is 0. The logarithm comes last: it is all that is
// left where x is large and t is 1.
struct LogisticLoss {
  HWY_INLINE auto operator()(auto x, auto t, auto /*delta*/) const {
    const auto product = hn::IfThenZeroElse(hn::Eq(t, hn::Zero(Wide())), hn::Mul(x, t));
    const auto [positive, rest] = softplus_of(Wide(), x);
    return hn::Add(hn::Sub(positive, product), rest);
  }
};

// sum f(x(i), t(i))
template <class F, class T>
HWY_NOINLINE double add_up(const T* x, const T* t, Index n, double delta) {
  constexpr F f;
  const Tag<T> d;
  const auto limit = hn::Set(Wide(), delta);
  Halves sum = halves(0);
  for (Index i = 0; i < n; i += hn::Lanes(d)) {
    const Index rest = n - i;
    const Halves v = load_wide(rest, x + i);
    const Halves w = load_wide(rest, t + i);
    sum = sum + first_halves<T>(rest, {f(v.low, w.low, limit), f(v.high, w.high, limit)});
  }
  return sum_of<T>(sum);
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
