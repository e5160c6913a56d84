// 7 errors: op: forward is mistyped; it is void and takes outputs and what it saves as auto&, inputs as
// const auto&
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

struct OutputByValue {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b)* b(f,b)* -> y(f,b)";
  void forward(auto y, const auto& a, const auto& b) const { y = a % b; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

struct OutputConst {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b)* b(f,b)* -> y(f,b)";
  void forward(const auto& y, const auto& a, const auto& b) const { y = a % b; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

struct InputsFirst {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b)* b(f,b)* -> y(f,b)";
  void forward(const auto& a, const auto& b, auto& y) const { y = a % b; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

struct InputWritten {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b)* b(f,b)* -> y(f,b)";
  void forward(arma::fmat& y, arma::fmat& a, arma::fmat& b) const { y = a % b; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

struct ReturnsOutput {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b)* b(f,b)* -> y(f,b)";
  auto forward(const auto& a, const auto& b) const { return a % b; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

struct ReturnsSomething {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b)* b(f,b)* -> y(f,b)";
  bool forward(auto& y, const auto& a, const auto& b) const {
    y = a % b;
    return true;
  }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

struct Private {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b)* b(f,b)* -> y(f,b)";
 private:
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
 public:
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

void use(const td::Value& a, const td::Value& b) {
  td::apply(OutputByValue{}, a, b);
  td::apply(OutputConst{}, a, b);
  td::apply(InputsFirst{}, a, b);
  td::apply(InputWritten{}, a, b);
  td::apply(ReturnsOutput{}, a, b);
  td::apply(ReturnsSomething{}, a, b);
  td::apply(Private{}, a, b);
}
