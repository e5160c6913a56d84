#include "tapedeck/ops/dropout.hpp"

#include <cmath>
#include <cstdint>

#include "core/kernel_map.hpp"
#include "core/ranges.hpp"
#include "kernels/dropout.hpp"
#include "tapedeck/tape/op.hpp"
#include "tapedeck/tape/tape.hpp"

namespace tapedeck {
namespace {

// y = m (.) x     dx = m (.) dy     m is 0 or 1 / (1 - p); selected, not multiplied, since 0 times Inf is NaN
struct DropoutOp {
  static constexpr auto name = "dropout";
  static constexpr Signature signature = "x(f,b) -> y(f,b) | mask(f,b)";
  double probability;

  void forward(Context& context, auto& y, auto& mask, const auto& x) const {
    using T = typename std::remove_cvref_t<decltype(x)>::elem_type;
    const T keep = static_cast<T>(1 / (1 - probability));
    const auto threshold = static_cast<std::uint64_t>(std::ceil(probability * 0x1p32));  // of 32 random bits
    const auto dropped = static_cast<std::uint32_t>(threshold - 1);
    kernels::run(kernels::Dropout<T>{shape_of(x), x.memptr(), keep, dropped, context.random().key(),
                                     context.first_column(), y.memptr(), mask.memptr()});
  }
  void vjp(auto& dx, const auto& dy, const auto& mask) const {
    dx += kernels::map(kernels::select, dy, mask);
  }
};

}  // namespace

void require_dropout_probability(double probability) {
  ranges::require(probability >= 0 && probability < 1, "dropout", "probability", probability, "0 <= x < 1",
                  "it is the probability to drop");
}

Value dropout(const Value& x, double probability) {
  require_dropout_probability(probability);
  if (x.tape().mode() == evaluate || probability == 0) return x;
  return apply(DropoutOp{probability}, x);
}

}  // namespace tapedeck
