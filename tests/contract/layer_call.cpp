// 7 errors: layer: it cannot be called with a Value; a layer has a public Value operator()(const Value&)
// const
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

struct Twice {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "x(f,b) -> y(f,b)";
  void forward(auto& y, const auto& x) const { y = 2 * x; }
  void vjp(auto& dx, const auto& dy) const { dx += 2 * dy; }
};

struct NamedForward {
  td::Value forward(const td::Value& x) const { return td::relu(x); }
};

struct OfMatrix {
  arma::fmat operator()(const arma::fmat& x) const { return x; }
};

class Private {
  td::Value operator()(const td::Value& x) const { return td::relu(x); }
};

const td::Sequential named_forward{td::ReLU{}, NamedForward{}};
const td::Sequential of_a_matrix{td::ReLU{}, OfMatrix{}};
const td::Sequential nobody_may_call_it{td::ReLU{}, Private{}};
const td::Sequential an_op{td::ReLU{}, Twice{}};
const td::Sequential a_loss{td::ReLU{}, td::MSELoss{td::batch_mean}};
const td::Sequential a_pointer{td::ReLU{}, std::make_shared<td::Tanh>()};
const td::Sequential a_name_without_braces{"first", td::ReLU{}};
