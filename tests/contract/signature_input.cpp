// error: signature: no input; at least one stands before ->
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

struct WithoutInput {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "-> y(f,b)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

void use(const td::Value& a, const td::Value& b) { td::apply(WithoutInput{}, a, b); }
