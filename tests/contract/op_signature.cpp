// 3 errors: op: no signature; it has a public `static constexpr td::Signature signature`, a literal text
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

struct WithoutSignature {
  static constexpr auto name = "product";
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

struct OnlyText {
  static constexpr auto name = "product";
  static constexpr auto signature = "a(f,b)* b(f,b)* -> y(f,b)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

struct NotStatic {
  static constexpr auto name = "product";
  td::Signature signature = "a(f,b)* b(f,b)* -> y(f,b)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

void use(const td::Value& a, const td::Value& b) {
  td::apply(WithoutSignature{}, a, b);
  td::apply(OnlyText{}, a, b);
  td::apply(NotStatic{}, a, b);
}
