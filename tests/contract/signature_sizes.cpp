// error: signature: too many sizes; there is room for 8 words
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

struct NineWords {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(c,d)* b(e,f)* -> y(g,h) z(i,j) w(k,l)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

void use(const td::Value& a, const td::Value& b) { td::apply(NineWords{}, a, b); }
