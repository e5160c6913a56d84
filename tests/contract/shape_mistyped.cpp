// 2 errors: op: shape is mistyped; it is a public Shape shape(Shape input...) const, with one Shape for each
// input
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

struct OneShapeForTwo {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b)* b(f,b)* -> y(g,b)";
  td::Shape shape(td::Shape a) const { return a; }
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

struct ShapeNotConst {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b)* b(f,b)* -> y(g,b)";
  td::Shape shape(td::Shape a, td::Shape) { return a; }
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

void use(const td::Value& a, const td::Value& b) {
  td::apply(OneShapeForTwo{}, a, b);
  td::apply(ShapeNotConst{}, a, b);
}
