#include "pendulum/gated_cell.hpp"

#include <cmath>

#include "tapedeck/core/map.hpp"
#include "tapedeck/ops/activation.hpp"
#include "tapedeck/ops/shape.hpp"
#include "tapedeck/tape/op.hpp"

namespace pendulum {
namespace {

// y = h + g (.) (c - h)     g = sigmoid(z)
//
// dz = dy (.) (c - h) (.) g (.) (1 - g)     dc = dy (.) g     dh = dy (.) (1 - g)
struct GatedUpdateOp {
  static constexpr auto name = "gated_update";
  static constexpr td::Signature signature = "z(f,b) c(f,b)* h(f,b)* -> y(f,b) | g(f,b)";

  void forward(auto& y, auto& g, const auto& z, const auto& c, const auto& h) const {
    td::map([](auto v) { return 1 / (1 + std::exp(-v)); }, z).into(g);
    y = h + g % (c - h);
  }
  void vjp(auto& dz, auto& dc, auto& dh, const auto& dy, const auto& c, const auto& h, const auto& g) const {
    dz += dy % (c - h) % g % (1 - g);
    dc += dy % g;
    dh += dy % (1 - g);
  }
};

}  // namespace

td::Value gated_update(const td::Value& z, const td::Value& c, const td::Value& h) {
  return td::apply(GatedUpdateOp{}, z, c, h);
}

GatedCell::GatedCell(const td::Scope& scope, td::Index inputs, td::Index features)
    : features_{features},
      gate_{scope.scope("gate"), inputs + features, features},
      candidate_{scope.scope("candidate"), inputs + features, features} {}

td::Value GatedCell::operator()(const td::Value& x, const td::Value& h) const {
  const td::Value both = td::concatenate_rows({x, h});
  // Not as arguments: C++ leaves open which of them is recorded first.
  const td::Value gate = gate_(both);
  const td::Value candidate = td::tanh(candidate_(both));
  return gated_update(gate, candidate, h);
}

}  // namespace pendulum
