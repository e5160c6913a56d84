// 2 errors: sink: it cannot be read, only added to; compute with what the vjp is given
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

struct Reads {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b)* b(f,b)* -> y(f,b)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b + da;
    db += dy % a;
  }
};

void use(const td::Value& a, const td::Value& b) { td::apply(Reads{}, a, b); }
