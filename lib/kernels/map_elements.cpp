#include <cstdint>

#include "kernels/map.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/map_elements.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/vectors-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tapedeck::kernels::HWY_NAMESPACE {
namespace {

template <class T>
struct Normal {  // P(-x) = exp(-x^2 / 2) g(q) / (1 + 2 x), q = (x - 4) / (x + 4), x >= 0: see normal_tail.py
  static constexpr double g[] = {
      0.849695771718,     -0.0230092201815, -0.0963799758135,  0.128907771782,   -0.0952607631631,
      0.0443672362058,    -0.0105100043012, -0.00122039520978, 0.00156876891663, -0.000125344001965,
      -0.000189785931329, 2.22326724922e-5, 1.82696217097e-5,
  };
  static constexpr std::uint32_t upper_half = 0xFFFFF000;
};
template <>
struct Normal<double> {
  static constexpr double g[] = {
      0.849695771717720430038,     -0.0230092331045967554591,    -0.0963799858904144213332,
      0.128908135444895653337,     -0.0952604789623778283586,    0.0443642904397537232717,
      -0.0105123192598040872893,   -0.00121006002420649870381,   0.0015769785111184852769,
      -0.000143305791687157790901, -0.00020435494071401617938,   0.0000378693608218522048877,
      0.0000315582994377144003214, -0.0000060373892416426642001, -0.00000589018105656243923813,
      6.07510828412935869077e-7,   0.00000120353575219982159549, 5.02610200381060322726e-8,
      -2.37872984832847693554e-7,  -4.77126526828442381216e-8,   3.99516185563759447378e-8,
      1.29392387544226956735e-8,   -4.79963491864788466559e-9,   -1.53274104143816400328e-9,
      2.92771957033192808039e-10,
  };
  static constexpr std::uint64_t upper_half = 0xFFFFFFFFF8000000;
};

// sum of c[i] q^i, its even and odd powers side by side.
template <class D, class V, std::size_t n, class T = hn::TFromD<D>>
HWY_INLINE V polynomial(D d, V q, const double (&c)[n]) {
  static_assert(n % 2 == 1);
  const V square = hn::Mul(q, q);
  V even = hn::Set(d, static_cast<T>(c[n - 1]));
  V odd = hn::Set(d, static_cast<T>(c[n - 2]));
  for (std::size_t i = n - 3; i > 0; i -= 2) {
    even = hn::MulAdd(even, square, hn::Set(d, static_cast<T>(c[i])));
    odd = hn::MulAdd(odd, square, hn::Set(d, static_cast<T>(c[i - 1])));
  }
  even = hn::MulAdd(even, square, hn::Set(d, static_cast<T>(c[0])));
  return hn::MulAdd(odd, q, even);
}

// P(x) and x exp(-x^2 / 2).
template <class V>
struct Gaussian {
  V distribution, slope;
};
template <class D, class V, class T = hn::TFromD<D>>
HWY_INLINE Gaussian<V> gaussian(D d, V x) {
  const hn::RebindToUnsigned<D> bits;
  const V one = hn::Set(d, T{1});
  const V half = hn::Set(d, T{0.5});
  const V four = hn::Set(d, T{4});
  const V size = at_most(d, hn::Abs(x), hn::Set(d, T{40}));  // exp(-40^2 / 2) is 0
  // size^2 = square + rest, by Dekker's product, since an error in the exponent is one of many ulp in exp.
  const V square = hn::Mul(size, size);
  const V top = hn::And(size, hn::BitCast(d, hn::Set(bits, Normal<T>::upper_half)));
  const V low = hn::Sub(size, top);
  const V cross = hn::Mul(hn::Add(top, top), low);
  const V rest = hn::MulAdd(low, low, hn::Add(hn::MulSub(top, top, square), cross));
  V e = exp(d, hn::Neg(hn::Mul(half, square)));
  e = hn::NegMulAdd(hn::Mul(e, half), rest, e);

  const V q = hn::Div(hn::Sub(size, four), hn::Add(size, four));
  V tail = hn::Div(hn::Mul(e, polynomial(d, q, Normal<T>::g)), hn::MulAdd(size, hn::Set(d, T{2}), one));
  const V tiny = hn::Set(d, std::numeric_limits<T>::epsilon() / 4);
  tail = hn::IfThenElse(hn::Lt(size, tiny), half, tail);
  return {hn::IfThenElse(hn::Lt(x, hn::Zero(d)), tail, hn::Sub(one, tail)),
          hn::Mul(hn::CopySign(size, x), e)};
}

// The functions of map.hpp: of x, or of x and z, with the numbers a and b.

struct Scale {
  HWY_INLINE auto operator()(auto /*d*/, auto a, auto /*b*/, auto x) const { return hn::Mul(a, x); }
};
struct Relu {
  HWY_INLINE auto operator()(auto d, auto /*a*/, auto /*b*/, auto x) const {
    return hn::IfThenZeroElse(hn::Lt(x, hn::Zero(d)), x);
  }
};
struct ReluVjp {
  HWY_INLINE auto operator()(auto d, auto /*a*/, auto /*b*/, auto dy, auto y) const {
    return hn::IfThenZeroElse(hn::Le(y, hn::Zero(d)), dy);
  }
};
struct LeakyRelu {
  HWY_INLINE auto operator()(auto d, auto a, auto /*b*/, auto x) const {
    return hn::IfThenElse(hn::Gt(x, hn::Zero(d)), x, hn::Mul(a, x));
  }
};
struct LeakyReluVjp {
  HWY_INLINE auto operator()(auto d, auto a, auto /*b*/, auto dy, auto x) const {
    return hn::IfThenElse(hn::Gt(x, hn::Zero(d)), dy, hn::Mul(a, dy));
  }
};
struct Tanh {
  HWY_INLINE auto operator()(auto d, auto /*a*/, auto /*b*/, auto x) const { return hn::Tanh(d, x); }
};
struct TanhVjp {  // (1 - y)(1 + y) does not cancel near 1
  HWY_INLINE auto operator()(auto d, auto /*a*/, auto /*b*/, auto dy, auto y) const {
    const auto one = hn::Set(d, hn::TFromD<decltype(d)>{1});
    return hn::Mul(dy, hn::Mul(hn::Sub(one, y), hn::Add(one, y)));
  }
};
struct Sigmoid {
  HWY_INLINE auto operator()(auto d, auto /*a*/, auto /*b*/, auto x) const { return logistic_of(d, x).s; }
};
struct SigmoidVjp {
  HWY_INLINE auto operator()(auto d, auto /*a*/, auto /*b*/, auto dy, auto y) const {
    const auto one = hn::Set(d, hn::TFromD<decltype(d)>{1});
    return hn::Mul(hn::Mul(dy, y), hn::Sub(one, y));
  }
};
struct Softplus {
  HWY_INLINE auto operator()(auto d, auto /*a*/, auto /*b*/, auto x) const {
    const auto [positive, rest] = softplus_of(d, x);
    return hn::Add(positive, rest);
  }
};
struct SoftplusVjp {
  HWY_INLINE auto operator()(auto d, auto /*a*/, auto /*b*/, auto dy, auto x) const {
    return hn::Mul(dy, logistic_of(d, x).s);
  }
};
struct Elu {
  HWY_INLINE auto operator()(auto d, auto a, auto /*b*/, auto x) const {
    const auto zero = hn::Zero(d);
    const auto below = hn::Mul(a, hn::Expm1(d, hn::Min(x, zero)));
    // Zero keeps its sign, and NaN stays.
    return hn::IfThenElse(hn::Lt(x, zero), below, hn::IfThenElse(hn::Gt(x, zero), x, hn::Mul(a, x)));
  }
};
struct EluVjp {
  HWY_INLINE auto operator()(auto d, auto a, auto /*b*/, auto dy, auto x) const {
    return hn::IfThenElse(hn::Gt(x, hn::Zero(d)), dy, hn::Mul(hn::Mul(dy, a), exp(d, x)));
  }
};
struct Silu {
  HWY_INLINE auto operator()(auto d, auto /*a*/, auto /*b*/, auto x) const {
    return hn::Mul(x, logistic_of(d, x).s);
  }
};
struct SiluVjp {  // x (1 - s) tends to 0, and s x to 0, where Inf times 0 would be NaN
  HWY_INLINE auto operator()(auto d, auto /*a*/, auto /*b*/, auto dy, auto x) const {
    using T = hn::TFromD<decltype(d)>;
    const auto size = at_most(d, hn::Abs(x), hn::Set(d, T{1000}));
    const auto [s, complement] = logistic_of(d, x);
    const auto slope = hn::MulAdd(hn::CopySign(size, x), complement, hn::Set(d, T{1}));
    return hn::Mul(dy, hn::Mul(s, slope));
  }
};
struct Gelu {
  HWY_INLINE auto operator()(auto d, auto /*a*/, auto /*b*/, auto x) const {
    return hn::Mul(x, gaussian(d, x).distribution);
  }
};
struct GeluVjp {
  HWY_INLINE auto operator()(auto d, auto /*a*/, auto /*b*/, auto dy, auto x) const {
    using T = hn::TFromD<decltype(d)>;
    const auto normal = gaussian(d, x);
    const auto factor = hn::Set(d, static_cast<T>(0.39894228040143267794));  // 1 / sqrt(2 pi)
    return hn::Mul(dy, hn::MulAdd(normal.slope, factor, normal.distribution));
  }
};
struct Select {
  HWY_INLINE auto operator()(auto d, auto /*a*/, auto /*b*/, auto x, auto m) const {
    return hn::IfThenZeroElse(hn::Eq(m, hn::Zero(d)), hn::Mul(m, x));
  }
};
struct Difference {
  HWY_INLINE auto operator()(auto /*d*/, auto a, auto /*b*/, auto x, auto t) const {
    return hn::Mul(a, hn::Sub(x, t));
  }
};
struct SignDifference {
  HWY_INLINE auto operator()(auto /*d*/, auto a, auto /*b*/, auto x, auto t) const {
    const auto otherwise = hn::Mul(a, hn::Sub(x, t));  // 0 or NaN
    return hn::IfThenElse(hn::Gt(x, t), a, hn::IfThenElse(hn::Lt(x, t), hn::Neg(a), otherwise));
  }
};
struct ClampedDifference {
  HWY_INLINE auto operator()(auto d, auto a, auto b, auto x, auto t) const {
    const auto above = at_most(d, hn::Sub(x, t), b);
    return hn::Mul(a, hn::IfThenElse(hn::Lt(above, hn::Neg(b)), hn::Neg(b), above));
  }
};
struct LogisticDifference {
  HWY_INLINE auto operator()(auto d, auto a, auto /*b*/, auto x, auto t) const {
    return hn::Mul(a, hn::Sub(logistic_of(d, x).s, t));
  }
};

// The same code computes whole vectors and the last, partial one: the bits of a value do not depend on its
// place.
template <class F, class T>
HWY_NOINLINE void walk(const Call<T>& call) {
  constexpr F f;
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  const Index lanes = hn::Lanes(d);
  const Index n = call.rows * call.cols;
  const auto a = hn::Set(d, call.a);
  const auto b = hn::Set(d, call.b);
  for (Index i = 0; i < n; i += lanes) {
    const auto load = [&](const T* from) HWY_ATTR { return load_first(d, n - i, from + i); };
    V value;
    if constexpr (std::is_invocable_v<F, decltype(d), V, V, V>) {
      value = f(d, a, b, load(call.x));
    } else {
      value = f(d, a, b, load(call.x), load(call.z));
    }
    put_first<T>(call.target.add, value, n - i, call.target.data + i);
  }
}

template <class T>
void select_kernel(ElementFunction f, const Call<T>& call) {
  switch (f) {
    case scale:
      return walk<Scale>(call);
    case relu:
      return walk<Relu>(call);
    case relu_vjp:
      return walk<ReluVjp>(call);
    case leaky_relu:
      return walk<LeakyRelu>(call);
    case leaky_relu_vjp:
      return walk<LeakyReluVjp>(call);
    case tanh:
      return walk<Tanh>(call);
    case tanh_vjp:
      return walk<TanhVjp>(call);
    case sigmoid:
      return walk<Sigmoid>(call);
    case sigmoid_vjp:
      return walk<SigmoidVjp>(call);
    case softplus:
      return walk<Softplus>(call);
    case softplus_vjp:
      return walk<SoftplusVjp>(call);
    case elu:
      return walk<Elu>(call);
    case elu_vjp:
      return walk<EluVjp>(call);
    case silu:
      return walk<Silu>(call);
    case silu_vjp:
      return walk<SiluVjp>(call);
    case gelu:
      return walk<Gelu>(call);
    case gelu_vjp:
      return walk<GeluVjp>(call);
    case select:
      return walk<Select>(call);
    case difference:
      return walk<Difference>(call);
    case sign_difference:
      return walk<SignDifference>(call);
    case clamped_difference:
      return walk<ClampedDifference>(call);
    case logistic_difference:
      return walk<LogisticDifference>(call);
  }
}

void run_f32(ElementFunction f, const Call<float>& call) { select_kernel(f, call); }
void run_f64(ElementFunction f, const Call<double>& call) { select_kernel(f, call); }

}  // namespace
}  // namespace tapedeck::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tapedeck::kernels {

HWY_EXPORT(run_f32);
HWY_EXPORT(run_f64);

void run(ElementFunction f, const Call<float>& call) { HWY_DYNAMIC_DISPATCH(run_f32)(f, call); }
void run(ElementFunction f, const Call<double>& call) { HWY_DYNAMIC_DISPATCH(run_f64)(f, call); }

}  // namespace tapedeck::kernels
#endif
