#include "tapedeck/ops/activation.hpp"

#include <cmath>
#include <numbers>

#include "core/ranges.hpp"
#include "tapedeck/tape/op.hpp"

namespace tapedeck {
namespace {

auto logistic(auto x) { return 1 / (1 + std::exp(-x)); }

// Comparisons are written so that NaN takes the branch that keeps it.

// y = max(x, 0)     dx = dy where x > 0, else 0
struct Relu {
  static constexpr auto name = "relu";
  static constexpr Signature signature = "x(f,b) -> y(f,b)*";

  void forward(auto& y, const auto& x) const {
    map([](auto v) { return v < 0 ? 0 : v; }, x).into(y);
  }
  void vjp(auto& dx, const auto& dy, const auto& y) const {
    dx += map([](auto d, auto v) { return v <= 0 ? 0 : d; }, dy, y);
  }
};

// y = x where x > 0, else slope x     dx = dy where x > 0, else slope dy
struct LeakyRelu {
  static constexpr auto name = "leaky_relu";
  static constexpr Signature signature = "x(f,b)* -> y(f,b)";
  double slope;

  void forward(auto& y, const auto& x) const {
    map([this](auto v) { return v > 0 ? v : static_cast<decltype(v)>(slope) * v; }, x).into(y);
  }
  void vjp(auto& dx, const auto& dy, const auto& x) const {
    dx += map([this](auto d, auto v) { return v > 0 ? d : static_cast<decltype(d)>(slope) * d; }, dy, x);
  }
};

// y = tanh(x)     dx = dy (1 - y^2)
struct Tanh {
  static constexpr auto name = "tanh";
  static constexpr Signature signature = "x(f,b) -> y(f,b)*";

  void forward(auto& y, const auto& x) const {
    map([](auto v) { return std::tanh(v); }, x).into(y);
  }
  void vjp(auto& dx, const auto& dy, const auto& y) const {
    dx += map([](auto d, auto v) { return d * (1 - v * v); }, dy, y);
  }
};

// y = 1 / (1 + exp(-x))     dx = dy y (1 - y)
struct Sigmoid {
  static constexpr auto name = "sigmoid";
  static constexpr Signature signature = "x(f,b) -> y(f,b)*";

  void forward(auto& y, const auto& x) const {
    map([](auto v) { return logistic(v); }, x).into(y);
  }
  void vjp(auto& dx, const auto& dy, const auto& y) const {
    dx += map([](auto d, auto v) { return d * v * (1 - v); }, dy, y);
  }
};

// y = log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|))     dx = dy sigmoid(x)
struct Softplus {
  static constexpr auto name = "softplus";
  static constexpr Signature signature = "x(f,b)* -> y(f,b)";

  void forward(auto& y, const auto& x) const {
    map([](auto v) { return (v < 0 ? 0 : v) + std::log1p(std::exp(-std::abs(v))); }, x).into(y);
  }
  void vjp(auto& dx, const auto& dy, const auto& x) const {
    dx += map([](auto d, auto v) { return d * logistic(v); }, dy, x);
  }
};

// y = x where x > 0, else alpha (exp(x) - 1)     dx = dy where x > 0, else dy alpha exp(x)
struct Elu {
  static constexpr auto name = "elu";
  static constexpr Signature signature = "x(f,b)* -> y(f,b)";
  double alpha;

  void forward(auto& y, const auto& x) const {
    map([this](auto v) { return v > 0 ? v : static_cast<decltype(v)>(alpha) * std::expm1(v); }, x).into(y);
  }
  void vjp(auto& dx, const auto& dy, const auto& x) const {
    dx +=
        map([this](auto d, auto v) { return v > 0 ? d : d * static_cast<decltype(d)>(alpha) * std::exp(v); },
            dy, x);
  }
};

// y = x P(x)     dx = dy (P(x) + x p(x))     P(x) = erfc(-x / sqrt 2) / 2,  p(x) = exp(-x^2 / 2) / sqrt(2 pi)
struct Gelu {
  static constexpr auto name = "gelu";
  static constexpr Signature signature = "x(f,b)* -> y(f,b)";

  static auto distribution(auto x) {
    using T = decltype(x);
    return std::erfc(-x * (std::numbers::sqrt2_v<T> / 2)) / 2;
  }
  static auto density(auto x) {
    using T = decltype(x);
    return std::exp(-x * x / 2) * (std::numbers::inv_sqrtpi_v<T> / std::numbers::sqrt2_v<T>);
  }
  // x p(x) tends to 0 on both sides, where Inf times 0 would be NaN.
  static auto slope(auto x) { return distribution(x) + (std::isinf(x) ? 0 : x * density(x)); }

  void forward(auto& y, const auto& x) const {
    map([](auto v) { return v * distribution(v); }, x).into(y);
  }
  void vjp(auto& dx, const auto& dy, const auto& x) const {
    dx += map([](auto d, auto v) { return d * slope(v); }, dy, x);
  }
};

// y = x s, s = sigmoid(x)     dx = dy s (1 + x (1 - s))
struct Silu {
  static constexpr auto name = "silu";
  static constexpr Signature signature = "x(f,b)* -> y(f,b)";

  static auto slope(auto x) {
    const auto s = logistic(x);
    return s * (1 + (std::isinf(x) ? 0 : x * (1 - s)));
  }

  void forward(auto& y, const auto& x) const {
    map([](auto v) { return v * logistic(v); }, x).into(y);
  }
  void vjp(auto& dx, const auto& dy, const auto& x) const {
    dx += map([](auto d, auto v) { return d * slope(v); }, dy, x);
  }
};

}  // namespace

Value relu(const Value& x) { return apply(Relu{}, x); }

Value leaky_relu(const Value& x, double slope) {
  ranges::require_not_negative("leaky_relu", "slope", slope);
  return apply(LeakyRelu{slope}, x);
}

Value tanh(const Value& x) { return apply(Tanh{}, x); }
Value sigmoid(const Value& x) { return apply(Sigmoid{}, x); }
Value softplus(const Value& x) { return apply(Softplus{}, x); }

Value elu(const Value& x, double alpha) {
  ranges::require_not_negative("elu", "alpha", alpha);
  return apply(Elu{alpha}, x);
}

Value gelu(const Value& x) { return apply(Gelu{}, x); }
Value silu(const Value& x) { return apply(Silu{}, x); }

}  // namespace tapedeck
