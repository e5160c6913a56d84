// error: apply: no Value among the operands; tape.parameter(p) makes one of a parameter
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

struct Op {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b)* b(f,b)* -> y(f,b)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

td::Value use(td::Parameter a, td::Parameter b) { return td::apply(Op{}, a, b); }
