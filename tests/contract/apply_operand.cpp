// 2 errors: apply: an operand is no Value, Parameter, Buffer or Operand; tape.input(x) makes a Value of a
// matrix
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

td::Value use(const td::Value& a, const arma::fmat& b) { return td::apply(Op{}, a, b); }

td::Value use(const td::Value& a) { return td::apply(Op{}, a, "gain"); }
