// error: op: surrogate takes only one of float and double; its arguments are written with auto
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

struct OnlyDouble {
  static constexpr auto name = "sign";
  static constexpr td::Signature signature = "x(f,b) -> y(f,b)";
  void forward(auto& y, const auto& x) const { y = arma::sign(x); }
  void surrogate(arma::mat& y, const arma::mat& x) const { y = x; }
  void vjp(auto& dx, const auto& dy) const { dx += dy; }
};

void use(const td::Value& x) { td::apply(OnlyDouble{}, x); }
