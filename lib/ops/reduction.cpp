#include "tapedeck/ops/reduction.hpp"

#include "kernels/sums.hpp"
#include "tapedeck/tape/op.hpp"
#include "tapedeck/tape/tape.hpp"

namespace tapedeck {
namespace {

// y = factor times the sum over `over`     dx = factor dy, spread to where it came from
struct SumOp {
  static constexpr auto name = "sum";
  static constexpr Signature signature = "x(f,b) -> y(p,q)";
  Over over;
  Shape whole;  ///< of x
  double factor;

  Shape shape(Shape x) const {
    return {over == Over::batch ? x.rows : 1, over == Over::features ? x.cols : 1};
  }
  void forward(auto& y, const auto& x) const {
    if (over == Over::batch) return kernels::sum_rows({y.memptr(), false}, x.memptr(), summed(), factor);
    kernels::sum_columns({y.memptr(), false}, x.memptr(), summed(), factor);
  }
  void vjp(auto& dx, const auto& dy) const {
    if (over == Over::batch) return kernels::spread_rows(dx.destination(), summed(), dy.memptr(), factor);
    kernels::spread_columns(dx.destination(), summed(), dy.memptr(), factor);
  }

  // All elements are one column.
  Shape summed() const { return over == Over::everything ? Shape{whole.size(), 1} : whole; }
};

}  // namespace

Value sum(const Value& x, Over over) { return apply(SumOp{over, x.shape(), 1}, x); }

Value mean(const Value& x, Over over) {
  const Shape shape = x.shape();
  const Index count = over == Over::everything ? shape.size()
                      : over == Over::features ? shape.rows
                                               : shape.cols;
  if (count == 0)
    throw ShapeError({.who = "mean", .given = "nothing, " + to_string(shape), .wanted = "elements"});
  return apply(SumOp{over, shape, 1 / static_cast<double>(count)}, x);
}

}  // namespace tapedeck
