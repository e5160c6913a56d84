#include "tapedeck/ops/arithmetic.hpp"

#include "core/ranges.hpp"
#include "tapedeck/tape/op.hpp"
#include "tapedeck/tape/tape.hpp"

namespace tapedeck {
namespace {

// y = a + b     da = dy     db = dy
struct AddOp {
  static constexpr auto name = "add";
  static constexpr Signature signature = "a(f,b) b(f,b) -> y(f,b)";

  void forward(auto& y, const auto& a, const auto& b) const { y = a + b; }
  void vjp(auto& da, auto& db, const auto& dy) const {
    da += dy;
    db += dy;
  }
};

// y = a - b     da = dy     db = -dy
struct SubtractOp {
  static constexpr auto name = "subtract";
  static constexpr Signature signature = "a(f,b) b(f,b) -> y(f,b)";

  void forward(auto& y, const auto& a, const auto& b) const { y = a - b; }
  void vjp(auto& da, auto& db, const auto& dy) const {
    da += dy;
    db += -dy;
  }
};

// y = a (.) b     da = dy (.) b     db = dy (.) a
struct MultiplyOp {
  static constexpr auto name = "multiply";
  static constexpr Signature signature = "a(f,b)* b(f,b)* -> y(f,b)";

  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

// y = c x     dx = c dy
struct ScaleOp {
  static constexpr auto name = "scale";
  static constexpr Signature signature = "x(f,b) -> y(f,b)";
  double factor;

  void forward(auto& y, const auto& x) const {
    map([this](auto v) { return static_cast<decltype(v)>(factor) * v; }, x).into(y);
  }
  void vjp(auto& dx, const auto& dy) const {
    dx += map([this](auto d) { return static_cast<decltype(d)>(factor) * d; }, dy);
  }
};

}  // namespace

Value add(const Value& a, const Operand& b) { return apply(AddOp{}, a, b); }
Value subtract(const Value& a, const Operand& b) { return apply(SubtractOp{}, a, b); }
Value multiply(const Value& a, const Operand& b) { return apply(MultiplyOp{}, a, b); }

Value scale(const Value& x, double factor) {
  ranges::require_finite("scale", "factor", factor);
  return apply(ScaleOp{factor}, x);
}

}  // namespace tapedeck
