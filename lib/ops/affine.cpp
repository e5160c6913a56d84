#include "tapedeck/ops/affine.hpp"

#include "core/multiply_add.hpp"
#include "kernels/bias_gradient.hpp"
#include "tapedeck/tape/op.hpp"
#include "tapedeck/tape/tape.hpp"

namespace tapedeck {
namespace {

// A multiplication and an addition for each element of a and each column of x.
double product_flops(Shape a, Shape x) { return 2.0 * static_cast<double>(a.size() * x.cols); }

// y = W x + b 1'     dW = dy x'     db = dy 1     dx = W' dy
struct AffineOp {
  static constexpr auto name = "affine";
  static constexpr Signature signature = "weight(m,n)* bias(m,1) x(n,b)* -> y(m,b)";
  static double flops(Shape weight, Shape /*bias*/, Shape x) { return product_flops(weight, x); }

  void forward(auto& y, const auto& w, const auto& b, const auto& x) const { multiply_add(y, {w}, {x}, b); }
  void vjp(auto& dw, auto& db, auto& dx, const auto& dy, const auto& w, const auto& x) const {
    dw += dy * x.t();
    kernels::bias_gradient(db.destination(), dy.memptr(), shape_of(dy));
    dx += w.t() * dy;
  }
};

// y = A x     dA = dy x'     dx = A' dy
struct ProductOp {
  static constexpr auto name = "product";
  static constexpr Signature signature = "a(m,n)* x(n,b)* -> y(m,b)";
  static double flops(Shape a, Shape x) { return product_flops(a, x); }

  void forward(auto& y, const auto& a, const auto& x) const { multiply(y, {a}, {x}); }
  void vjp(auto& da, auto& dx, const auto& dy, const auto& a, const auto& x) const {
    da += dy * x.t();
    dx += a.t() * dy;
  }
};

}  // namespace

Value affine(const Operand& weight, const Operand& bias, const Value& x) {
  return apply(AffineOp{}, weight, bias, x);
}

Value product(const Operand& a, const Value& x) { return apply(ProductOp{}, a, x); }

}  // namespace tapedeck
