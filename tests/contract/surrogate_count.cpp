// 3 errors: op: surrogate takes the wrong number of arguments; it takes the signature's outputs and its
// inputs, nothing that is saved, after a Context& if it likes
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

struct LacksInput {
  static constexpr auto name = "sign";
  static constexpr td::Signature signature = "x(f,b) -> y(f,b)";
  void forward(auto& y, const auto& x) const { y = arma::sign(x); }
  void surrogate(auto& y) const { y.ones(); }
  void vjp(auto& dx, const auto& dy) const { dx += dy; }
};

struct TakesSaved {
  static constexpr auto name = "sign";
  static constexpr td::Signature signature = "x(f,b) -> y(f,b) | m(f,b)";
  void forward(auto& y, auto& m, const auto& x) const { y = m = arma::sign(x); }
  void surrogate(auto& y, auto& m, const auto& x) const { y = m = x; }
  void vjp(auto& dx, const auto& dy, const auto&) const { dx += dy; }
};

struct LacksInputAfterContext {
  static constexpr auto name = "sign";
  static constexpr td::Signature signature = "x(f,b) -> y(f,b)";
  void forward(auto& y, const auto& x) const { y = arma::sign(x); }
  void surrogate(td::Context&, auto& y) const { y.ones(); }
  void vjp(auto& dx, const auto& dy) const { dx += dy; }
};

void use(const td::Value& x) {
  td::apply(LacksInput{}, x);
  td::apply(TakesSaved{}, x);
  td::apply(LacksInputAfterContext{}, x);
}
