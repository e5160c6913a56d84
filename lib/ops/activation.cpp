#include "tapedeck/ops/activation.hpp"

#include "core/kernel_map.hpp"
#include "core/ranges.hpp"
#include "tapedeck/tape/op.hpp"

namespace tapedeck {
namespace {

// y = max(x, 0)     dx = 0 where x <= 0, else dy
struct ReluOp {
  static constexpr auto name = "relu";
  static constexpr Signature signature = "x(f,b) -> y(f,b)*";

  void forward(auto& y, const auto& x) const { kernels::map(kernels::relu, x).into(y); }
  void vjp(auto& dx, const auto& dy, const auto& y) const { dx += kernels::map(kernels::relu_vjp, dy, y); }
};

// y = x where x > 0, else slope x     dx = dy where x > 0, else slope dy
struct LeakyReluOp {
  static constexpr auto name = "leaky_relu";
  static constexpr Signature signature = "x(f,b)* -> y(f,b)";
  double slope;

  void forward(auto& y, const auto& x) const { kernels::map(kernels::leaky_relu, x).with(slope).into(y); }
  void vjp(auto& dx, const auto& dy, const auto& x) const {
    dx += kernels::map(kernels::leaky_relu_vjp, dy, x).with(slope);
  }
};

// y = tanh(x)     dx = dy (1 - y^2)
struct TanhOp {
  static constexpr auto name = "tanh";
  static constexpr Signature signature = "x(f,b) -> y(f,b)*";

  void forward(auto& y, const auto& x) const { kernels::map(kernels::tanh, x).into(y); }
  void vjp(auto& dx, const auto& dy, const auto& y) const { dx += kernels::map(kernels::tanh_vjp, dy, y); }
};

// y = 1 / (1 + exp(-x))     dx = dy y (1 - y)
struct SigmoidOp {
  static constexpr auto name = "sigmoid";
  static constexpr Signature signature = "x(f,b) -> y(f,b)*";

  void forward(auto& y, const auto& x) const { kernels::map(kernels::sigmoid, x).into(y); }
  void vjp(auto& dx, const auto& dy, const auto& y) const { dx += kernels::map(kernels::sigmoid_vjp, dy, y); }
};

// y = log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|))     dx = dy sigmoid(x)
struct SoftplusOp {
  static constexpr auto name = "softplus";
  static constexpr Signature signature = "x(f,b)* -> y(f,b)";

  void forward(auto& y, const auto& x) const { kernels::map(kernels::softplus, x).into(y); }
  void vjp(auto& dx, const auto& dy, const auto& x) const {
    dx += kernels::map(kernels::softplus_vjp, dy, x);
  }
};

// y = x where x > 0, else alpha (exp(x) - 1)     dx = dy where x > 0, else dy alpha exp(x)
struct EluOp {
  static constexpr auto name = "elu";
  static constexpr Signature signature = "x(f,b)* -> y(f,b)";
  double alpha;

  void forward(auto& y, const auto& x) const { kernels::map(kernels::elu, x).with(alpha).into(y); }
  void vjp(auto& dx, const auto& dy, const auto& x) const {
    dx += kernels::map(kernels::elu_vjp, dy, x).with(alpha);
  }
};

// y = x P(x)     dx = dy (P(x) + x p(x))     P(x) = erfc(-x / sqrt 2) / 2,  p(x) = exp(-x^2 / 2) / sqrt(2 pi)
struct GeluOp {
  static constexpr auto name = "gelu";
  static constexpr Signature signature = "x(f,b)* -> y(f,b)";

  void forward(auto& y, const auto& x) const { kernels::map(kernels::gelu, x).into(y); }
  void vjp(auto& dx, const auto& dy, const auto& x) const { dx += kernels::map(kernels::gelu_vjp, dy, x); }
};

// y = x s, s = sigmoid(x)     dx = dy s (1 + x (1 - s))
struct SiluOp {
  static constexpr auto name = "silu";
  static constexpr Signature signature = "x(f,b)* -> y(f,b)";

  void forward(auto& y, const auto& x) const { kernels::map(kernels::silu, x).into(y); }
  void vjp(auto& dx, const auto& dy, const auto& x) const { dx += kernels::map(kernels::silu_vjp, dy, x); }
};

}  // namespace

Value relu(const Value& x) { return apply(ReluOp{}, x); }

Value leaky_relu(const Value& x, double slope) {
  ranges::require_not_negative("leaky_relu", "slope", slope);
  return apply(LeakyReluOp{slope}, x);
}

Value tanh(const Value& x) { return apply(TanhOp{}, x); }
Value sigmoid(const Value& x) { return apply(SigmoidOp{}, x); }
Value softplus(const Value& x) { return apply(SoftplusOp{}, x); }

Value elu(const Value& x, double alpha) {
  ranges::require_not_negative("elu", "alpha", alpha);
  return apply(EluOp{alpha}, x);
}

Value gelu(const Value& x) { return apply(GeluOp{}, x); }
Value silu(const Value& x) { return apply(SiluOp{}, x); }

}  // namespace tapedeck
