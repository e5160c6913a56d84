#include "tapedeck/ops/softmax.hpp"

#include <cmath>

#include "softmax_column.hpp"
#include "tapedeck/tape/op.hpp"

namespace tapedeck {
namespace {

// y = exp(x) / sum(exp(x)), column by column     dx = y (.) (dy - sum(dy (.) y))
struct Softmax {
  static constexpr auto name = "softmax";
  static constexpr Signature signature = "x(f,b) -> y(f,b)*";

  void forward(auto& y, const auto& x) const {
    for (Index c = 0; c < x.n_cols && x.n_rows > 0; ++c) softmax_column(y.colptr(c), x.colptr(c), x.n_rows);
  }
  void vjp(auto& dx, const auto& dy, const auto& y) const {
    using T = typename std::remove_cvref_t<decltype(y)>::elem_type;
    T* sum = dx.accumulate();
    for (Index c = 0; sum != nullptr && c < y.n_cols; ++c, sum += y.n_rows) {
      double inner = 0;
      for (Index r = 0; r < y.n_rows; ++r)
        inner += static_cast<double>(dy(r, c)) * static_cast<double>(y(r, c));
      for (Index r = 0; r < y.n_rows; ++r) sum[r] += y(r, c) * (dy(r, c) - static_cast<T>(inner));
    }
  }
};

// y = x - log(sum(exp(x))), column by column     dx = dy - exp(y) sum(dy)
struct LogSoftmax {
  static constexpr auto name = "log_softmax";
  static constexpr Signature signature = "x(f,b) -> y(f,b)*";

  void forward(auto& y, const auto& x) const {
    using T = typename std::remove_cvref_t<decltype(x)>::elem_type;
    for (Index c = 0; c < x.n_cols && x.n_rows > 0; ++c) {
      const double shift = softmax_column(y.colptr(c), x.colptr(c), x.n_rows);  // y is scratch here
      for (Index r = 0; r < x.n_rows; ++r) y(r, c) = static_cast<T>(static_cast<double>(x(r, c)) - shift);
    }
  }
  void vjp(auto& dx, const auto& dy, const auto& y) const {
    using T = typename std::remove_cvref_t<decltype(y)>::elem_type;
    T* sum = dx.accumulate();
    for (Index c = 0; sum != nullptr && c < y.n_cols; ++c, sum += y.n_rows) {
      double total = 0;
      for (Index r = 0; r < y.n_rows; ++r) total += static_cast<double>(dy(r, c));
      for (Index r = 0; r < y.n_rows; ++r) sum[r] += dy(r, c) - std::exp(y(r, c)) * static_cast<T>(total);
    }
  }
};

}  // namespace

Value softmax(const Value& x) { return apply(Softmax{}, x); }
Value log_softmax(const Value& x) { return apply(LogSoftmax{}, x); }

}  // namespace tapedeck
