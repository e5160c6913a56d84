// error: op: forward takes only one of float and double; its arguments are written with auto
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

struct DoubleAlone {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b)* b(f,b)* -> y(f,b)";
  void forward(arma::mat& y, const arma::mat& a, const arma::mat& b) const { y = a % b; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

void use(const td::Value& a, const td::Value& b) { td::apply(DoubleAlone{}, a, b); }
