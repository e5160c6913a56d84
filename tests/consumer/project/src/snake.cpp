#include "pendulum/snake.hpp"

#include "tapedeck/tape/op.hpp"

namespace pendulum {
namespace {

// y = x + sin^2(a x) / a
//
// dx = dy (.) (1 + sin(2 a x))
// da = sum over the batch of dy (.) (x sin(2 a x) / a - sin^2(a x) / a^2)
struct SnakeOp {
  static constexpr auto name = "snake";
  static constexpr td::Signature signature = "a(f,1)* x(f,b)* -> y(f,b)";

  void forward(auto& y, const auto& a, const auto& x) const {
    y = x + arma::diagmat(1 / a.col(0)) * arma::square(arma::sin(arma::diagmat(a.col(0)) * x));
  }
  void vjp(auto& da, auto& dx, const auto& dy, const auto& a, const auto& x) const {
    const auto phase = (arma::diagmat(a.col(0)) * x).eval();
    da += arma::sum(dy % x % arma::sin(2 * phase), 1) / a -
          arma::sum(dy % arma::square(arma::sin(phase)), 1) / arma::square(a);
    dx += dy % (1 + arma::sin(2 * phase));
  }
};

}  // namespace

td::Value snake(const td::Operand& frequency, const td::Value& x) {
  return td::apply(SnakeOp{}, frequency.on(x.tape()), x);
}

}  // namespace pendulum
