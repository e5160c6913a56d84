// 6 errors: op: vjp is mistyped; it is void and takes sinks as auto&, then cotangents and what is kept as
// const auto&
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

struct SinkByValue {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b)* b(f,b)* -> y(f,b)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  void vjp(auto da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

struct SinkConst {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b)* b(f,b)* -> y(f,b)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  void vjp(const auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

struct CotangentFirst {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b)* b(f,b)* -> y(f,b)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  void vjp(const auto& dy, auto& da, auto& db, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

struct SinkIsMatrix {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b)* b(f,b)* -> y(f,b)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  void vjp(arma::fmat& da, arma::fmat& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

struct ReturnsCotangents {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b)* b(f,b)* -> y(f,b)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  auto vjp(const auto& dy, const auto& a, const auto& b) const { return std::pair{dy % b, dy % a}; }
};

struct TypedWithoutSink {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b)* b(f,b)* -> y(f,b)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  template <class T>
  void vjp(td::Sink<T>& da, const td::Matrix<T>& dy, const td::Matrix<T>&, const td::Matrix<T>& b) const {
    da += dy % b;
  }
};

void use(const td::Value& a, const td::Value& b) {
  td::apply(SinkByValue{}, a, b);
  td::apply(SinkConst{}, a, b);
  td::apply(CotangentFirst{}, a, b);
  td::apply(SinkIsMatrix{}, a, b);
  td::apply(ReturnsCotangents{}, a, b);
  td::apply(TypedWithoutSink{}, a, b);
}
