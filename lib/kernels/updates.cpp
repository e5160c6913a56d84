#include "kernels/updates.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/updates.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <limits>
#include <type_traits>

#include "kernels/vectors-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tapedeck::kernels::HWY_NAMESPACE {
namespace {

// Every operation of a formula is rounded once, in the order in which it is written, and none are fused: the
// bits are those of the plain loop on any processor.

// sum + a b, rounded twice.
template <class V>
HWY_INLINE V plus_product(V sum, V a, V b) {
  return hn::Add(sum, hn::Mul(a, b));
}

// kept + term, but with `flush` 0 where term is 0 and |kept + term| is below the smallest normal number: an
// average that gets no more contributions goes to 0. Otherwise it would stay denormal for ever (0.9 x rounds
// to x for x up to 5 times the smallest denormal number) and slow every later step down. Tiny averages that
// still get contributions are kept, so that a small v does not vanish before m / sqrt(v) has. Values w may
// become denormal: they are the user's, and only weight decay makes them so, in millions of steps with usual
// rates.
template <bool flush, class V>
HWY_INLINE V average(V kept, V term) {
  using T = hn::TFromV<V>;
  const Tag<T> d;
  const auto sum = hn::Add(kept, term);
  if constexpr (!flush) return sum;
  return decayed(d, sum, term, hn::Set(d, std::numeric_limits<T>::min()));
}

// body(i, count) for each vector of n elements: i is its first, and `count` are in it.
template <class T, class F>
HWY_INLINE void for_each_vector(Index n, const F& body) {
  const Index lanes = hn::Lanes(Tag<T>());
  Index i = 0;
  for (; n - i >= lanes; i += lanes) body(i, lanes);
  if (i < n) body(i, n - i);
}

// The loops take their rule by value: numbers that no store can reach stay in registers.

// w = w - (rate (g + penalty w) + shrinkage w)
template <class T>
HWY_NOINLINE void descent(const Descent<T> rule, Index n, T* w, const T* g) {
  const Tag<T> d;
  const auto rate = hn::Set(d, rule.rate);
  const auto penalty = hn::Set(d, rule.penalty);
  const auto shrinkage = hn::Set(d, rule.shrinkage);
  for_each_vector<T>(n, [&](Index i, Index count) HWY_ATTR KEPT_INLINE {
    const auto old = load_first(d, count, w + i);
    const auto slope = plus_product(load_first(d, count, g + i), penalty, old);
    const auto step = plus_product(hn::Mul(rate, slope), shrinkage, old);
    store_first(d, hn::Sub(old, step), count, w + i);
  });
}

// w = w - rate g
template <class T>
HWY_NOINLINE void descent_without_decay(T rate, Index n, T* w, const T* g) {
  const Tag<T> d;
  const auto factor = hn::Set(d, rate);
  for_each_vector<T>(n, [&](Index i, Index count) HWY_ATTR KEPT_INLINE {
    const auto step = hn::Mul(factor, load_first(d, count, g + i));
    store_first(d, hn::Sub(load_first(d, count, w + i), step), count, w + i);
  });
}

// u = inside (g + penalty w)
// v = average(momentum v, u)
// w = w - (outside v + shrinkage w)      with nesterov: w = w - (outside (u + momentum v) + shrinkage w)
template <bool nesterov, bool flush, class T>
HWY_NOINLINE void momentum_descent(const MomentumDescent<T> rule, Index n, T* w, const T* g, T* v) {
  const Tag<T> d;
  const auto inside = hn::Set(d, rule.inside);
  const auto outside = hn::Set(d, rule.outside);
  const auto momentum = hn::Set(d, rule.momentum);
  const auto penalty = hn::Set(d, rule.penalty);
  const auto shrinkage = hn::Set(d, rule.shrinkage);
  for_each_vector<T>(n, [&](Index i, Index count) HWY_ATTR KEPT_INLINE {
    const auto old = load_first(d, count, w + i);
    const auto u = hn::Mul(inside, plus_product(load_first(d, count, g + i), penalty, old));
    const auto velocity = average<flush>(hn::Mul(momentum, load_first(d, count, v + i)), u);
    const auto direction = nesterov ? plus_product(u, momentum, velocity) : velocity;
    const auto step = plus_product(hn::Mul(outside, direction), shrinkage, old);
    store_first(d, velocity, count, v + i);
    store_first(d, hn::Sub(old, step), count, w + i);
  });
}

// d = g + penalty w
// m = average(beta_1 m, rest_1 d)
// v = average(beta_2 v, (rest_2 d) d)
// w = w - ((rate m) / (sqrt(v) root_scale + epsilon) + shrinkage w)
template <bool flush, class T>
HWY_NOINLINE void adam(const AdamDescent<T> rule, Index n, T* w, const T* g, T* m, T* v) {
  const Tag<T> d;
  const auto rate = hn::Set(d, rule.rate);
  const auto root_scale = hn::Set(d, rule.root_scale);
  const auto beta_1 = hn::Set(d, rule.beta_1);
  const auto rest_1 = hn::Set(d, rule.rest_1);
  const auto beta_2 = hn::Set(d, rule.beta_2);
  const auto rest_2 = hn::Set(d, rule.rest_2);
  const auto epsilon = hn::Set(d, rule.epsilon);
  const auto penalty = hn::Set(d, rule.penalty);
  const auto shrinkage = hn::Set(d, rule.shrinkage);
  for_each_vector<T>(n, [&](Index i, Index count) HWY_ATTR KEPT_INLINE {
    const auto old = load_first(d, count, w + i);
    const auto slope = plus_product(load_first(d, count, g + i), penalty, old);
    const auto mean = average<flush>(hn::Mul(beta_1, load_first(d, count, m + i)), hn::Mul(rest_1, slope));
    const auto square =
        average<flush>(hn::Mul(beta_2, load_first(d, count, v + i)), hn::Mul(hn::Mul(rest_2, slope), slope));
    const auto divisor = plus_product(epsilon, hn::Sqrt(square), root_scale);
    const auto step = plus_product(hn::Div(hn::Mul(rate, mean), divisor), shrinkage, old);
    store_first(d, mean, count, m + i);
    store_first(d, square, count, v + i);
    store_first(d, hn::Sub(old, step), count, w + i);
  });
}

// d = g + penalty w
// s = s + d d                 which never decays
// w = w - (rate d) / (sqrt(s) + epsilon)
template <class T>
HWY_NOINLINE void adagrad(const AdagradDescent<T> rule, Index n, T* w, const T* g, T* s) {
  const Tag<T> d;
  const auto rate = hn::Set(d, rule.rate);
  const auto epsilon = hn::Set(d, rule.epsilon);
  const auto penalty = hn::Set(d, rule.penalty);
  for_each_vector<T>(n, [&](Index i, Index count) HWY_ATTR KEPT_INLINE {
    const auto old = load_first(d, count, w + i);
    const auto slope = plus_product(load_first(d, count, g + i), penalty, old);
    const auto squares = plus_product(load_first(d, count, s + i), slope, slope);
    const auto step = hn::Div(hn::Mul(rate, slope), hn::Add(hn::Sqrt(squares), epsilon));
    store_first(d, squares, count, s + i);
    store_first(d, hn::Sub(old, step), count, w + i);
  });
}

// d = g + penalty w
// s = average(beta s, (rest d) d)
// m = average(beta m, rest d)                 if centered, else m = 0
// u = d / (sqrt(max(s - m m, 0)) + epsilon)   NaN stays NaN
// v = average(momentum v, u)                  if moving, else v = u
// w = w - rate v
template <bool centered, bool moving, bool flush, class T>
HWY_NOINLINE void rmsprop(const RMSpropDescent<T> rule, Index n, T* w, const T* g, T* s, T* m, T* v) {
  const Tag<T> d;
  const auto rate = hn::Set(d, rule.rate);
  const auto beta = hn::Set(d, rule.beta);
  const auto rest = hn::Set(d, rule.rest);
  const auto epsilon = hn::Set(d, rule.epsilon);
  const auto momentum = hn::Set(d, rule.momentum);
  const auto penalty = hn::Set(d, rule.penalty);
  for_each_vector<T>(n, [&](Index i, Index count) HWY_ATTR KEPT_INLINE {
    const auto old = load_first(d, count, w + i);
    const auto slope = plus_product(load_first(d, count, g + i), penalty, old);
    const auto square =
        average<flush>(hn::Mul(beta, load_first(d, count, s + i)), hn::Mul(hn::Mul(rest, slope), slope));
    store_first(d, square, count, s + i);
    auto variance = square;
    if constexpr (centered) {
      const auto mean = average<flush>(hn::Mul(beta, load_first(d, count, m + i)), hn::Mul(rest, slope));
      store_first(d, mean, count, m + i);
      variance = hn::Sub(square, hn::Mul(mean, mean));
      variance = hn::IfThenZeroElse(hn::Lt(variance, hn::Zero(d)), variance);
    }
    auto velocity = hn::Div(slope, hn::Add(hn::Sqrt(variance), epsilon));
    if constexpr (moving) {
      velocity = average<flush>(hn::Mul(momentum, load_first(d, count, v + i)), velocity);
      store_first(d, velocity, count, v + i);
    }
    store_first(d, hn::Sub(old, hn::Mul(rate, velocity)), count, w + i);
  });
}

// f with a choice that the loop knows when it is compiled: std::true_type or std::false_type.
template <class F>
void choose(bool choice, const F& f) {
  choice ? f(std::true_type()) : f(std::false_type());
}

template <class T>
void select_loop(const Descent<T>& rule, Index n, T* w, const T* g) {
  if (rule.penalty == 0 && rule.shrinkage == 0) return descent_without_decay(rule.rate, n, w, g);
  descent(rule, n, w, g);
}
template <class T>
void select_loop(const MomentumDescent<T>& rule, Index n, T* w, const T* g, T* v) {
  choose(rule.nesterov, [&](auto nesterov) {
    choose(rule.flush, [&](auto flush) { momentum_descent<nesterov, flush>(rule, n, w, g, v); });
  });
}
template <class T>
void select_loop(const AdamDescent<T>& rule, Index n, T* w, const T* g, T* m, T* v) {
  choose(rule.flush, [&](auto flush) { adam<flush>(rule, n, w, g, m, v); });
}
template <class T>
void select_loop(const RMSpropDescent<T>& rule, Index n, T* w, const T* g, T* s, T* m, T* v) {
  choose(m != nullptr, [&](auto centered) {
    choose(v != nullptr, [&](auto moving) {
      choose(rule.flush, [&](auto flush) { rmsprop<centered, moving, flush>(rule, n, w, g, s, m, v); });
    });
  });
}

void descent_f32(const Descent<float>& rule, Index n, float* w, const float* g) {
  select_loop(rule, n, w, g);
}
void descent_f64(const Descent<double>& rule, Index n, double* w, const double* g) {
  select_loop(rule, n, w, g);
}
void momentum_f32(const MomentumDescent<float>& rule, Index n, float* w, const float* g, float* v) {
  select_loop(rule, n, w, g, v);
}
void momentum_f64(const MomentumDescent<double>& rule, Index n, double* w, const double* g, double* v) {
  select_loop(rule, n, w, g, v);
}
void adam_f32(const AdamDescent<float>& rule, Index n, float* w, const float* g, float* m, float* v) {
  select_loop(rule, n, w, g, m, v);
}
void adam_f64(const AdamDescent<double>& rule, Index n, double* w, const double* g, double* m, double* v) {
  select_loop(rule, n, w, g, m, v);
}
void adagrad_f32(const AdagradDescent<float>& rule, Index n, float* w, const float* g, float* s) {
  adagrad(rule, n, w, g, s);
}
void adagrad_f64(const AdagradDescent<double>& rule, Index n, double* w, const double* g, double* s) {
  adagrad(rule, n, w, g, s);
}
void rmsprop_f32(const RMSpropDescent<float>& rule, Index n, float* w, const float* g, float* s, float* m,
                 float* v) {
  select_loop(rule, n, w, g, s, m, v);
}
void rmsprop_f64(const RMSpropDescent<double>& rule, Index n, double* w, const double* g, double* s,
                 double* m, double* v) {
  select_loop(rule, n, w, g, s, m, v);
}

}  // namespace
}  // namespace tapedeck::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tapedeck::kernels {

HWY_EXPORT(descent_f32);
HWY_EXPORT(descent_f64);
HWY_EXPORT(momentum_f32);
HWY_EXPORT(momentum_f64);
HWY_EXPORT(adam_f32);
HWY_EXPORT(adam_f64);
HWY_EXPORT(adagrad_f32);
HWY_EXPORT(adagrad_f64);
HWY_EXPORT(rmsprop_f32);
HWY_EXPORT(rmsprop_f64);

void update(const Descent<float>& rule, Index n, float* w, const float* g) {
  HWY_DYNAMIC_DISPATCH(descent_f32)(rule, n, w, g);
}
void update(const Descent<double>& rule, Index n, double* w, const double* g) {
  HWY_DYNAMIC_DISPATCH(descent_f64)(rule, n, w, g);
}
void update(const MomentumDescent<float>& rule, Index n, float* w, const float* g, float* v) {
  HWY_DYNAMIC_DISPATCH(momentum_f32)(rule, n, w, g, v);
}
void update(const MomentumDescent<double>& rule, Index n, double* w, const double* g, double* v) {
  HWY_DYNAMIC_DISPATCH(momentum_f64)(rule, n, w, g, v);
}
void update(const AdamDescent<float>& rule, Index n, float* w, const float* g, float* m, float* v) {
  HWY_DYNAMIC_DISPATCH(adam_f32)(rule, n, w, g, m, v);
}
void update(const AdamDescent<double>& rule, Index n, double* w, const double* g, double* m, double* v) {
  HWY_DYNAMIC_DISPATCH(adam_f64)(rule, n, w, g, m, v);
}
void update(const AdagradDescent<float>& rule, Index n, float* w, const float* g, float* s) {
  HWY_DYNAMIC_DISPATCH(adagrad_f32)(rule, n, w, g, s);
}
void update(const AdagradDescent<double>& rule, Index n, double* w, const double* g, double* s) {
  HWY_DYNAMIC_DISPATCH(adagrad_f64)(rule, n, w, g, s);
}
void update(const RMSpropDescent<float>& rule, Index n, float* w, const float* g, float* s, float* m,
            float* v) {
  HWY_DYNAMIC_DISPATCH(rmsprop_f32)(rule, n, w, g, s, m, v);
}
void update(const RMSpropDescent<double>& rule, Index n, double* w, const double* g, double* s, double* m,
            double* v) {
  HWY_DYNAMIC_DISPATCH(rmsprop_f64)(rule, n, w, g, s, m, v);
}

}  // namespace tapedeck::kernels
#endif
