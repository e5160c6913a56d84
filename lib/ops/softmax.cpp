#include "tapedeck/ops/softmax.hpp"

#include "core/kernel_map.hpp"
#include "tapedeck/tape/op.hpp"

namespace tapedeck {
namespace {

// y = exp(x) / sum(exp(x)), column by column     dx = y (.) (dy - sum(dy (.) y))
struct SoftmaxOp {
  static constexpr auto name = "softmax";
  static constexpr Signature signature = "x(f,b) -> y(f,b)*";

  void forward(auto& y, const auto& x) const { kernels::map(kernels::softmax, x).into(y); }
  void vjp(auto& dx, const auto& dy, const auto& y) const { dx += kernels::map(kernels::softmax_vjp, dy, y); }
};

// y = x - log(sum(exp(x))), column by column     dx = dy - exp(y) sum(dy)
struct LogSoftmaxOp {
  static constexpr auto name = "log_softmax";
  static constexpr Signature signature = "x(f,b) -> y(f,b)*";

  void forward(auto& y, const auto& x) const { kernels::map(kernels::log_softmax, x).into(y); }
  void vjp(auto& dx, const auto& dy, const auto& y) const {
    dx += kernels::map(kernels::log_softmax_vjp, dy, y);
  }
};

}  // namespace

Value softmax(const Value& x) { return apply(SoftmaxOp{}, x); }
Value log_softmax(const Value& x) { return apply(LogSoftmaxOp{}, x); }

}  // namespace tapedeck
