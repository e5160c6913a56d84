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

// Each `change` updates min(n, lanes) elements by the formulas of updates.hpp.

// sum + a b, rounded twice.
template <class V>
HWY_INLINE V plus_product(V sum, V a, V b) {
  return hn::Add(sum, hn::Mul(a, b));
}

// sum(kept, term) of updates.hpp.
template <bool flush, class V>
HWY_INLINE V average(V kept, V term) {
  using T = hn::TFromV<V>;
  const Tag<T> d;
  const auto sum = hn::Add(kept, term);
  if constexpr (!flush) return sum;
  return decayed(d, sum, term, hn::Set(d, std::numeric_limits<T>::min()));
}

// A rule whose choices are known when it is compiled.
template <bool choice, class Rule>
struct Form : Rule {};

template <class T>
HWY_INLINE void change(const Descent<T>& rule, Index n, T* w_at, const T* g_at) {
  const Tag<T> d;
  const auto w = load_first(d, n, w_at);
  const auto slope = plus_product(load_first(d, n, g_at), hn::Set(d, rule.penalty), w);
  const auto step = plus_product(hn::Mul(hn::Set(d, rule.rate), slope), hn::Set(d, rule.shrinkage), w);
  store_first(d, hn::Sub(w, step), n, w_at);
}

template <class T>
struct WithoutDecay : Descent<T> {};

template <class T>
HWY_INLINE void change(const WithoutDecay<T>& rule, Index n, T* w_at, const T* g_at) {
  const Tag<T> d;
  const auto step = hn::Mul(hn::Set(d, rule.rate), load_first(d, n, g_at));
  store_first(d, hn::Sub(load_first(d, n, w_at), step), n, w_at);
}

template <bool nesterov, bool flush, class T>
HWY_INLINE void change(const Form<nesterov, Form<flush, MomentumDescent<T>>>& rule, Index n, T* w_at,
                       const T* g_at, T* v_at) {
  const Tag<T> d;
  const auto momentum = hn::Set(d, rule.momentum);
  const auto w = load_first(d, n, w_at);
  const auto slope = plus_product(load_first(d, n, g_at), hn::Set(d, rule.penalty), w);
  const auto u = hn::Mul(hn::Set(d, rule.inside), slope);
  const auto v = average<flush>(hn::Mul(momentum, load_first(d, n, v_at)), u);
  const auto direction = nesterov ? plus_product(u, momentum, v) : v;
  const auto step = plus_product(hn::Mul(hn::Set(d, rule.outside), direction), hn::Set(d, rule.shrinkage), w);
  store_first(d, v, n, v_at);
  store_first(d, hn::Sub(w, step), n, w_at);
}

template <bool flush, class T>
HWY_INLINE void change(const Form<flush, AdamDescent<T>>& rule, Index n, T* w_at, const T* g_at, T* m_at,
                       T* v_at) {
  const Tag<T> d;
  const auto w = load_first(d, n, w_at);
  const auto slope = plus_product(load_first(d, n, g_at), hn::Set(d, rule.penalty), w);
  const auto m = average<flush>(hn::Mul(hn::Set(d, rule.beta_1), load_first(d, n, m_at)),
                                hn::Mul(hn::Set(d, rule.rest_1), slope));
  const auto v = average<flush>(hn::Mul(hn::Set(d, rule.beta_2), load_first(d, n, v_at)),
                                hn::Mul(hn::Mul(hn::Set(d, rule.rest_2), slope), slope));
  const auto divisor = plus_product(hn::Set(d, rule.epsilon), hn::Sqrt(v), hn::Set(d, rule.root_scale));
  const auto ratio = hn::Div(hn::Mul(hn::Set(d, rule.rate), m), divisor);
  store_first(d, m, n, m_at);
  store_first(d, v, n, v_at);
  store_first(d, hn::Sub(w, plus_product(ratio, hn::Set(d, rule.shrinkage), w)), n, w_at);
}

template <class T>
HWY_INLINE void change(const AdagradDescent<T>& rule, Index n, T* w_at, const T* g_at, T* s_at) {
  const Tag<T> d;
  const auto w = load_first(d, n, w_at);
  const auto slope = plus_product(load_first(d, n, g_at), hn::Set(d, rule.penalty), w);
  const auto s = plus_product(load_first(d, n, s_at), slope, slope);
  const auto divisor = hn::Add(hn::Sqrt(s), hn::Set(d, rule.epsilon));
  store_first(d, s, n, s_at);
  store_first(d, hn::Sub(w, hn::Div(hn::Mul(hn::Set(d, rule.rate), slope), divisor)), n, w_at);
}

// What is not used of m and v is not touched either, but points at something.
template <bool centered, bool moving, bool flush, class T>
struct Variant : RMSpropDescent<T> {};

template <bool centered, bool moving, bool flush, class T>
HWY_INLINE void change(const Variant<centered, moving, flush, T>& rule, Index n, T* w_at, const T* g_at,
                       T* s_at, T* m_at, T* v_at) {
  const Tag<T> d;
  const auto beta = hn::Set(d, rule.beta);
  const auto rest = hn::Set(d, rule.rest);
  const auto w = load_first(d, n, w_at);
  const auto slope = plus_product(load_first(d, n, g_at), hn::Set(d, rule.penalty), w);
  const auto s = average<flush>(hn::Mul(beta, load_first(d, n, s_at)), hn::Mul(hn::Mul(rest, slope), slope));
  store_first(d, s, n, s_at);
  auto variance = s;
  if constexpr (centered) {
    const auto m = average<flush>(hn::Mul(beta, load_first(d, n, m_at)), hn::Mul(rest, slope));
    store_first(d, m, n, m_at);
    variance = hn::Sub(s, hn::Mul(m, m));
    variance = hn::IfThenZeroElse(hn::Lt(variance, hn::Zero(d)), variance);
  }
  auto v = hn::Div(slope, hn::Add(hn::Sqrt(variance), hn::Set(d, rule.epsilon)));
  if constexpr (moving) {
    v = average<flush>(hn::Mul(hn::Set(d, rule.momentum), load_first(d, n, v_at)), v);
    store_first(d, v, n, v_at);
  }
  store_first(d, hn::Sub(w, hn::Mul(hn::Set(d, rule.rate), v)), n, w_at);
}

// Takes the rule by value: numbers that no store can reach stay in registers.
template <class Rule, class T, class... Memory>
HWY_NOINLINE void walk(const Rule rule, Index n, T* w, const T* g, Memory*... memory) {
  const Index lanes = hn::Lanes(Tag<T>());
  Index i = 0;
  for (; n - i >= lanes; i += lanes) change(rule, lanes, w + i, g + i, (memory + i)...);
  if (i < n) change(rule, n - i, w + i, g + i, (memory + i)...);
}

template <class T>
void select_form(const Descent<T>& rule, Index n, T* w, const T* g) {
  if (rule.penalty == 0 && rule.shrinkage == 0) return walk(WithoutDecay<T>{rule}, n, w, g);
  walk(rule, n, w, g);
}
template <class T>
void select_form(const MomentumDescent<T>& rule, Index n, T* w, const T* g, T* v) {
  const auto with = [&]<bool flush>(std::bool_constant<flush>) {
    using Flushing = Form<flush, MomentumDescent<T>>;
    if (rule.nesterov) return walk(Form<true, Flushing>{{rule}}, n, w, g, v);
    walk(Form<false, Flushing>{{rule}}, n, w, g, v);
  };
  rule.flush ? with(std::true_type()) : with(std::false_type());
}
template <class T>
void select_form(const AdamDescent<T>& rule, Index n, T* w, const T* g, T* m, T* v) {
  if (rule.flush) return walk(Form<true, AdamDescent<T>>{rule}, n, w, g, m, v);
  walk(Form<false, AdamDescent<T>>{rule}, n, w, g, m, v);
}

template <bool flush, class T>
void select_variant(const RMSpropDescent<T>& rule, Index n, T* w, const T* g, T* s, T* m, T* v) {
  if (m != nullptr && v != nullptr) return walk(Variant<true, true, flush, T>{rule}, n, w, g, s, m, v);
  if (m != nullptr) return walk(Variant<true, false, flush, T>{rule}, n, w, g, s, m, s);
  if (v != nullptr) return walk(Variant<false, true, flush, T>{rule}, n, w, g, s, s, v);
  walk(Variant<false, false, flush, T>{rule}, n, w, g, s, s, s);
}
template <class T>
void select_form(const RMSpropDescent<T>& rule, Index n, T* w, const T* g, T* s, T* m, T* v) {
  if (rule.flush) return select_variant<true>(rule, n, w, g, s, m, v);
  select_variant<false>(rule, n, w, g, s, m, v);
}

void descent_f32(const Descent<float>& rule, Index n, float* w, const float* g) {
  select_form(rule, n, w, g);
}
void descent_f64(const Descent<double>& rule, Index n, double* w, const double* g) {
  select_form(rule, n, w, g);
}
void momentum_f32(const MomentumDescent<float>& rule, Index n, float* w, const float* g, float* v) {
  select_form(rule, n, w, g, v);
}
void momentum_f64(const MomentumDescent<double>& rule, Index n, double* w, const double* g, double* v) {
  select_form(rule, n, w, g, v);
}
void adam_f32(const AdamDescent<float>& rule, Index n, float* w, const float* g, float* m, float* v) {
  select_form(rule, n, w, g, m, v);
}
void adam_f64(const AdamDescent<double>& rule, Index n, double* w, const double* g, double* m, double* v) {
  select_form(rule, n, w, g, m, v);
}
void adagrad_f32(const AdagradDescent<float>& rule, Index n, float* w, const float* g, float* s) {
  walk(rule, n, w, g, s);
}
void adagrad_f64(const AdagradDescent<double>& rule, Index n, double* w, const double* g, double* s) {
  walk(rule, n, w, g, s);
}
void rmsprop_f32(const RMSpropDescent<float>& rule, Index n, float* w, const float* g, float* s, float* m,
                 float* v) {
  select_form(rule, n, w, g, s, m, v);
}
void rmsprop_f64(const RMSpropDescent<double>& rule, Index n, double* w, const double* g, double* s,
                 double* m, double* v) {
  select_form(rule, n, w, g, s, m, v);
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
