// 2 errors: signature: two operands have one name; each has a name of its own
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

struct Inputs {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b)* a(f,b)* -> y(f,b)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

struct OutputLikeInput {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b)* b(f,b)* -> a(f,b)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

void use(const td::Value& a, const td::Value& b) {
  td::apply(Inputs{}, a, b);
  td::apply(OutputLikeInput{}, a, b);
}
