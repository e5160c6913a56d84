// 7 errors: signature: an operand is malformed; it reads name(rows,columns), then :index for integers or, of
// an input, :zero for a derivative of zero, then * to keep it for the vjp
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

struct WithoutShape {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b)* b(f,b)* -> y";
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

struct WithoutComma {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f b)* b(f,b)* -> y(f,b)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

struct NotClosed {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b)* b(f,b* -> y(f,b)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

struct UnknownMark {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b)* b(f,b):integer -> y(f,b)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

struct StarBeforeIndex {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b)* b(f,b)*:index -> y(f,b)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

struct TwoArrows {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b) -> b(f,b) -> y(f,b)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

struct ThreeSizes {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b,c) b(f,b) -> y(f,b)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

void use(const td::Value& a, const td::Value& b) {
  td::apply(WithoutShape{}, a, b);
  td::apply(WithoutComma{}, a, b);
  td::apply(NotClosed{}, a, b);
  td::apply(UnknownMark{}, a, b);
  td::apply(StarBeforeIndex{}, a, b);
  td::apply(TwoArrows{}, a, b);
  td::apply(ThreeSizes{}, a, b);
}
