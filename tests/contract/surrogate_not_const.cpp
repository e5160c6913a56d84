// error: op: surrogate is not const; an op has no state
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

struct NotConst {
  static constexpr auto name = "sign";
  static constexpr td::Signature signature = "x(f,b) -> y(f,b)";
  void forward(auto& y, const auto& x) const { y = arma::sign(x); }
  void surrogate(auto& y, const auto& x) { y = x; }
  void vjp(auto& dx, const auto& dy) const { dx += dy; }
};

void use(const td::Value& x) { td::apply(NotConst{}, x); }
