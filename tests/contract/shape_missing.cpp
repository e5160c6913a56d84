// 2 errors: op: an output or a saved matrix has a size that no input has; a member Shape shape(Shape
// input...) const says that of the first output
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

struct OutputUnknown {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b)* b(f,b)* -> y(g,b)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

struct SavedUnknown {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b)* b(f,b)* -> y(g,b) | m(k,b)";
  td::Shape shape(td::Shape a, td::Shape) const { return a; }
  void forward(auto& y, auto&, const auto& a, const auto& b) const { y = a % b; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b, const auto&) const {
    da += dy % b;
    db += dy % a;
  }
};

void use(const td::Value& a, const td::Value& b) {
  td::apply(OutputUnknown{}, a, b);
  td::apply(SavedUnknown{}, a, b);
}
