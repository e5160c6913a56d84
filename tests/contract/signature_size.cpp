// 3 errors: signature: a size is malformed; it is a word, or a number below 2^32
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

struct Empty {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,)* b(f,b)* -> y(f,b)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

struct Negative {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,-1)* b(f,b)* -> y(f,b)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

struct TooLarge {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,4294967296)* b(f,b)* -> y(f,b)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

void use(const td::Value& a, const td::Value& b) {
  td::apply(Empty{}, a, b);
  td::apply(Negative{}, a, b);
  td::apply(TooLarge{}, a, b);
}
