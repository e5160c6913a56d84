// 4 errors: op: vjp takes the wrong number of arguments; it takes a sink for each input that is neither
// :index nor :zero,
// the cotangent of each output, and what the signature keeps with a *
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

struct LacksSink {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b)* b(f,b)* -> y(f,b)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  void vjp(auto& da, const auto& dy, const auto& a, const auto& b) const { da += dy % b + a; }
};

struct LacksCotangent {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b)* b(f,b)* -> y(f,b)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  void vjp(auto& da, auto& db, const auto& a, const auto& b) const {
    da += b;
    db += a;
  }
};

struct ReadsWhatIsNotKept {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b) b(f,b)* -> y(f,b)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

struct SinkForIndex {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "a(f,b)* b(f,b):index* -> y(f,b)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a % b; }
  void vjp(auto& da, auto& db, const auto& dy, const auto& a, const auto& b) const {
    da += dy % b;
    db += dy % a;
  }
};

void use(const td::Value& a, const td::Value& b) {
  td::apply(LacksSink{}, a, b);
  td::apply(LacksCotangent{}, a, b);
  td::apply(ReadsWhatIsNotKept{}, a, b);
  td::apply(SinkForIndex{}, a, b);
}
