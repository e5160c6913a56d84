// 4 errors: op: surrogate is mistyped; it is void and takes outputs as auto&, inputs as const auto&
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

struct OutputConst {
  static constexpr auto name = "sign";
  static constexpr td::Signature signature = "x(f,b) -> y(f,b)";
  void forward(auto& y, const auto& x) const { y = arma::sign(x); }
  void surrogate(const auto&, const auto&) const {}
  void vjp(auto& dx, const auto& dy) const { dx += dy; }
};

struct ReturnsOutput {
  static constexpr auto name = "sign";
  static constexpr td::Signature signature = "x(f,b) -> y(f,b)";
  void forward(auto& y, const auto& x) const { y = arma::sign(x); }
  auto surrogate(auto&, const auto& x) const { return x; }
  void vjp(auto& dx, const auto& dy) const { dx += dy; }
};

struct Factor {
  static constexpr auto name = "reversal";
  static constexpr td::Signature signature = "x(f,b) -> y(f,b)";
  double surrogate;
  void forward(auto& y, const auto& x) const { y = x; }
  void vjp(auto& dx, const auto& dy) const { dx += dy; }
};

struct Private {
  static constexpr auto name = "sign";
  static constexpr td::Signature signature = "x(f,b) -> y(f,b)";
  void forward(auto& y, const auto& x) const { y = arma::sign(x); }
  void vjp(auto& dx, const auto& dy) const { dx += dy; }

 private:
  void surrogate(auto& y, const auto& x) const { y = x; }
};

void use(const td::Value& x) {
  td::apply(OutputConst{}, x);
  td::apply(ReturnsOutput{}, x);
  td::apply(Factor{}, x);
  td::apply(Private{}, x);
}
