#pragma once

/// @file
/// Custom ops as a user would write them; the mistakes are in the vjps.

#include <boost/test/unit_test.hpp>
#include <memory>
#include <string>

#include "tapedeck/check/gradient_check.hpp"
#include "tapedeck/core/map.hpp"
#include "tapedeck/core/random.hpp"
#include "tapedeck/tape/op.hpp"

namespace test {

namespace td = tapedeck;

struct ScaleOp {
  static constexpr auto name = "scale";
  static constexpr td::Signature signature = "s(f,1)* x(f,b)* -> y(f,b)";
  void forward(auto& y, const auto& s, const auto& x) const { y = arma::diagmat(s.col(0)) * x; }
  void vjp(auto& ds, auto& dx, const auto& dy, const auto& s, const auto& x) const {
    ds += arma::sum(dy % x, 1);
    dx += arma::diagmat(s.col(0)) * dy;
  }
};

// y = x^3, whose vjp is told what to do wrong.
enum class Wrong {
  nothing,
  sign,
  factor,
  factor_by_a_hair,
  output_for_input,
  overwrite,
  unwanted_state,
  single_sample,
  many_samples,
  many_samples_in_another_way
};
struct CubeOp {
  static constexpr auto name = "cube";
  static constexpr td::Signature signature = "x(f,b)* -> y(f,b)*";
  Wrong wrong = Wrong::nothing;
  double size = 1;
  int* replays = nullptr;

  void forward(auto& y, const auto& x) const {
    td::map([this](auto v) { return static_cast<decltype(v)>(size) * v * v * v; }, x).into(y);
  }
  void vjp(auto& dx, const auto& dy, const auto& x, const auto& y) const {
    using T = typename std::remove_cvref_t<decltype(x)>::elem_type;
    const bool single = x.n_cols == 1;
    T factor = static_cast<T>(3 * size);
    if (wrong == Wrong::sign) factor = -factor;
    if (wrong == Wrong::factor) factor *= static_cast<T>(1 + 1e-7);
    if (wrong == Wrong::factor_by_a_hair) factor *= static_cast<T>(1 + 5e-9);
    if (wrong == Wrong::single_sample && single) factor *= 2;
    if (wrong == Wrong::many_samples && !single) factor /= static_cast<T>(x.n_cols);
    if (wrong == Wrong::unwanted_state) factor *= static_cast<T>(++*replays);
    const bool output =
        wrong == Wrong::output_for_input || (wrong == Wrong::many_samples_in_another_way && !single);
    T* sum = dx.accumulate();
    for (td::Index i = 0; sum != nullptr && i < x.n_elem; ++i) {
      const T v = output ? y[i] : x[i];
      const T pulled = factor * v * v * dy[i];
      if (wrong == Wrong::overwrite) {
        sum[i] = pulled;
      } else {
        sum[i] += pulled;
      }
    }
  }
};

inline td::GradientReport check_cube(const CubeOp& op) {
  return td::check_gradient([=](const td::Value& x) { return td::apply(op, x); }, {td::Shape{3, 4}});
}

// y = x^2 + x
struct MissingTermOp {
  static constexpr auto name = "missing_term";
  static constexpr td::Signature signature = "x(f,b)* -> y(f,b)";
  void forward(auto& y, const auto& x) const { y = x % x + x; }
  void vjp(auto& dx, const auto& dy, const auto& x) const { dx += 2 * x % dy; }
};

// y = W x + b
struct TransposedOp {
  static constexpr auto name = "transposed";
  static constexpr td::Signature signature = "w(m,n)* x(n,b)* -> y(m,b)";
  void forward(auto& y, const auto& w, const auto& x) const { y = w * x; }
  void vjp(auto& dw, auto& dx, const auto& dy, const auto& w, const auto& x) const {
    dw += dy * x.t();
    dx += w * dy;
  }
};
struct WrongAxisOp {
  static constexpr auto name = "wrong_axis";
  static constexpr td::Signature signature = "x(f,b) bias(f,1) -> y(f,b)";
  void forward(auto& y, const auto& x, const auto& bias) const {
    for (td::Index c = 0; c < x.n_cols; ++c) y.col(c) = x.col(c) + bias;
  }
  void vjp(auto& dx, auto& dbias, const auto& dy) const {
    dx += dy;
    dbias += arma::sum(dy, 0).t();
  }
};

struct UntouchedOp {
  static constexpr auto name = "forgetful";
  static constexpr td::Signature signature = "a(f,b) b(f,b) -> y(f,b)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a + b; }
  void vjp(auto& da, auto& /*db*/, const auto& dy) const { da += dy; }
};

struct MeanForSumOp {
  static constexpr auto name = "mean_for_sum";
  static constexpr td::Signature signature = "x(f,b)* -> y(1,1)";
  void forward(auto& y, const auto& x) const { y(0, 0) = arma::accu(x); }
  void vjp(auto& dx, const auto& dy, const auto& x) const {
    const auto share = dy(0, 0) / static_cast<double>(x.n_elem);
    dx += td::map([=](auto) { return share; }, x);
  }
};

// Masks whose vjp draws anew, or whose forward does.
struct MaskOp {
  static constexpr auto name = "mask";
  static constexpr td::Signature signature = "x(f,b) -> y(f,b)";
  std::uint64_t forward_key;
  std::uint64_t vjp_key;
  int* draws;

  static void draw(auto& m, const auto& x, std::uint64_t key) {
    for (td::Index c = 0; c < x.n_cols; ++c) {
      for (td::Index r = 0; r < x.n_rows; ++r) {
        m(r, c) = td::Random(key).uniform(r, c) < 0.5 ? 0 : 2 * x(r, c);
      }
    }
  }
  void forward(auto& y, const auto& x) const {
    draw(y, x, forward_key + (draws == nullptr ? 0U : static_cast<unsigned>(++*draws)));
  }
  void vjp(auto& dx, const auto& dy) const {
    auto pulled = dy;
    draw(pulled, dy, vjp_key);
    dx += pulled;
  }
};

// A layer that remembers its last input.
struct ForgetfulTape {
  struct Op {
    static constexpr auto name = "square";
    static constexpr td::Signature signature = "x(f,b) -> y(f,b)";
    td::Matrix<double>* last;
    void forward(auto& y, const auto& x) const {
      *last = arma::conv_to<td::Matrix<double>>::from(x);
      y = x % x;
    }
    void vjp(auto& dx, const auto& dy) const {
      const auto& x = *last;
      dx += td::map([](auto d, auto v) { return 2 * d * v; }, dy, x);
    }
  };
  std::shared_ptr<td::Matrix<double>> last = std::make_shared<td::Matrix<double>>();
  td::Value operator()(const td::Value& x) const { return td::apply(Op{last.get()}, x); }
};

// y = 2 x, whose first use on a tape loses its contribution to a second one.
struct OnceOp {
  static constexpr auto name = "once";
  static constexpr td::Signature signature = "x(f,b) -> y(f,b)";
  int* uses;
  bool first;
  void forward(auto& y, const auto& x) const { y = 2 * x; }
  void vjp(auto& dx, const auto& dy) const { dx += (first && *uses > 1 ? 0 : 2) * dy; }
};

// y = x^2, z = x
struct SquareAndSumOp {
  static constexpr auto name = "square_and_sum";
  static constexpr td::Signature signature = "x(f,b)* -> y(f,b) z(f,b)";
  bool forgotten = false;
  void forward(auto& y, auto& z, const auto& x) const {
    y = x % x;
    z = x;
  }
  void vjp(auto& dx, const auto& dy, const auto& dz, const auto& x) const {
    dx += 2 * x % dy;
    if (!forgotten) dx += dz;
  }
};

struct LogOp {
  static constexpr auto name = "log";
  static constexpr td::Signature signature = "x(f,b)* -> y(f,b)";
  void forward(auto& y, const auto& x) const { y = arma::log(x); }
  void vjp(auto& dx, const auto& dy, const auto& x) const { dx += dy / x; }
};

// y = g (.) x, whose vjp forgets g in dx.
struct ForgottenGainOp {
  static constexpr auto name = "forgotten_gain";
  static constexpr td::Signature signature = "g(f,1) x(f,b)* -> y(f,b)";
  void forward(auto& y, const auto& g, const auto& x) const { y = arma::diagmat(g.col(0)) * x; }
  void vjp(auto& dg, auto& dx, const auto& dy, const auto& x) const {
    dg += arma::sum(dy % x, 1);
    dx += dy;
  }
};

// y = (e x) (x / e), which is 0 times Inf for an e that float cannot hold.
struct InverseOp {
  static constexpr auto name = "inverse";
  static constexpr td::Signature signature = "x(f,b)* -> y(f,b)";
  double epsilon;
  void forward(auto& y, const auto& x) const {
    td::map([this](auto v) { return (this->e(v) * v) * (v / this->e(v)); }, x).into(y);
  }
  void vjp(auto& dx, const auto& dy, const auto& x) const {
    dx += td::map([this](auto d, auto v) { return 2 * d * (this->e(v) * v) / this->e(v); }, dy, x);
  }

 private:
  template <class T>
  T e(T /*like*/) const {
    return static_cast<T>(epsilon);
  }
};

// y = x^2, wrong by a hundredth in float.
struct CoarseOp {
  static constexpr auto name = "coarse";
  static constexpr td::Signature signature = "x(f,b)* -> y(f,b)";
  void forward(auto& y, const auto& x) const { y = x % x; }
  void vjp(auto& dx, const auto& dy, const auto& x) const {
    using T = typename std::remove_cvref_t<decltype(x)>::elem_type;
    const T two = sizeof(T) == 4 ? static_cast<T>(2.02) : static_cast<T>(2);
    dx += two * x % dy;
  }
};

class Scale {
 public:
  Scale(const td::Scope& scope, td::Index features) : gain_(scope.add("gain", {features, 1}, td::ones)) {}
  td::Value operator()(const td::Value& x) const { return td::apply(ScaleOp{}, gain_, x); }

 private:
  td::Parameter gain_;
};

// Whether this fault is found, and no other.
inline bool only(const td::GradientReport& report, td::Fault fault) {
  BOOST_TEST_INFO(report);  // for the assertion that this is asked in
  for (const td::Finding& f : report.findings) {
    if (f.fault != fault) return false;
  }
  return !report.findings.empty();
}

}  // namespace test
