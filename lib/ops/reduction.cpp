#include "tapedeck/ops/reduction.hpp"

#include "tapedeck/tape/op.hpp"
#include "tapedeck/tape/tape.hpp"

namespace tapedeck {
namespace {

// y = factor times the sum over `over`     dx = factor dy, spread to where it came from
struct Sum {
  static constexpr auto name = "sum";
  static constexpr Signature signature = "x(f,b) -> y(p,q)";
  Over over;
  Shape whole;  ///< of x
  double factor;

  Shape shape(Shape x) const {
    return {over == Over::batch ? x.rows : 1, over == Over::features ? x.cols : 1};
  }
  void forward(auto& y, const auto& x) const {
    using T = typename std::remove_cvref_t<decltype(x)>::elem_type;
    for (Index i = 0; i < y.n_elem; ++i) {
      // Output i takes a strided run of x: all of it, column i, or row i.
      const Index first = over == Over::features ? i * x.n_rows : i;
      const Index stride = over == Over::batch ? x.n_rows : 1;
      const Index count = over == Over::everything ? x.n_elem : over == Over::features ? x.n_rows : x.n_cols;
      double sum = 0;
      for (Index k = 0; k < count; ++k) sum += static_cast<double>(x[first + k * stride]);
      y[i] = static_cast<T>(sum * factor);
    }
  }
  void vjp(auto& dx, const auto& dy) const {
    using T = typename std::remove_cvref_t<decltype(dy)>::elem_type;
    T* sum = dx.accumulate();
    if (sum == nullptr) return;
    for (Index c = 0; c < whole.cols; ++c) {
      for (Index r = 0; r < whole.rows; ++r) {
        *sum++ += static_cast<T>(factor) * dy[over == Over::everything ? 0 : over == Over::features ? c : r];
      }
    }
  }
};

}  // namespace

Value sum(const Value& x, Over over) { return apply(Sum{over, x.shape(), 1}, x); }

Value mean(const Value& x, Over over) {
  const Shape shape = x.shape();
  const Index count = over == Over::everything ? shape.size()
                      : over == Over::features ? shape.rows
                                               : shape.cols;
  if (count == 0)
    throw ShapeError({.who = "mean", .given = "nothing, " + to_string(shape), .wanted = "elements"});
  return apply(Sum{over, shape, 1 / static_cast<double>(count)}, x);
}

}  // namespace tapedeck
