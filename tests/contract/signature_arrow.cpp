// 2 errors: signature: no ->; it reads inputs -> outputs, or inputs -> outputs | saved
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

struct WithoutArrow {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b)* b(f,b)* y(f,b)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

struct Empty {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "";
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

void use(const td::Value& a, const td::Value& b) {
  td::apply(WithoutArrow{}, a, b);
  td::apply(Empty{}, a, b);
}
