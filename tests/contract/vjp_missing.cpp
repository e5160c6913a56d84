// 2 errors: op: no vjp; an op has a public void vjp(sinks..., cotangents..., kept...) const
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

struct WithoutVjp {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b)* b(f,b)* -> y(f,b)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
};

struct NamedBackward {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b)* b(f,b)* -> y(f,b)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  void backward(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

void use(const td::Value& a, const td::Value& b) {
  td::apply(WithoutVjp{}, a, b);
  td::apply(NamedBackward{}, a, b);
}
