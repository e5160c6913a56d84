// 2 errors: sink: this cannot be added to it; it takes a matrix, a map, or a callable that gives one
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

struct AddsNumber {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b)* b(f,b)* -> y(f,b)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += 1.0;
    db += dy % a % b;
  }
};

void use(const td::Value& a, const td::Value& b) { td::apply(AddsNumber{}, a, b); }
