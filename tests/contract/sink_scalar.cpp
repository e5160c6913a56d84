// error: sink: float is added where double is due, or double where float is due
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

struct Op {
  static constexpr auto name = "doubles";
  static constexpr td::Signature signature = "x(f,b) -> y(f,b)";
  void forward(auto& y, const auto& x) const { y = 2 * x; }
  void vjp(auto& dx, const auto& dy) const {
    const arma::mat twice(dy.n_rows, dy.n_cols, arma::fill::value(2));
    dx += twice;
  }
};

td::Value use(const td::Value& x) { return td::apply(Op{}, x); }
