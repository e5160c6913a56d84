// 2 errors: sink: the function gives an expression; let it give a matrix, by .eval(), or take `auto& sum` to
// add to
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

struct Op {
  static constexpr auto name = "square_and_line";
  static constexpr td::Signature signature = "x(f,b)* -> y(f,b)";
  void forward(auto& y, const auto& x) const { y = x % x + x; }
  void vjp(auto& dx, const auto& dy, const auto& x) const {
    dx += [&] { return (2 * x + 1) % dy; };
  }
};

td::Value use(const td::Value& x) { return td::apply(Op{}, x); }
