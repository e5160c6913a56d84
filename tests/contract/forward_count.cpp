// 4 errors: op: forward takes the wrong number of arguments; it takes the signature's outputs, what it
// saves, and its inputs, after a Context& if it likes
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

struct LacksInput {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b)* b(f,b)* -> y(f,b)";
  void forward(auto& y, const auto& a) const { y = a; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

struct LacksSaved {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b)* b(f,b)* -> y(f,b) | m(f,b)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b, const auto&) const {
    da += dy % b;
    db += dy % a;
  }
};

struct OneTooMany {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b)* b(f,b)* -> y(f,b)";
  void forward(auto& y, auto&, const auto& a, const auto& b) const { y = a % b; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

struct LacksInputAfterContext {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b)* b(f,b)* -> y(f,b)";
  void forward(td::Context&, auto& y, const auto& a) const { y = a; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

void use(const td::Value& a, const td::Value& b) {
  td::apply(LacksInput{}, a, b);
  td::apply(LacksSaved{}, a, b);
  td::apply(OneTooMany{}, a, b);
  td::apply(LacksInputAfterContext{}, a, b);
}
