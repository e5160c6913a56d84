// error: signature: too many operands; there is room for 8 inputs, 4 outputs and 4 saved matrices
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

struct FiveOutputs {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b)* b(f,b)* -> p(f,b) q(f,b) r(f,b) s(f,b) t(f,b)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

void use(const td::Value& a, const td::Value& b) { td::apply(FiveOutputs{}, a, b); }
