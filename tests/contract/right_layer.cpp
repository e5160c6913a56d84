// compiles
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

// Nested, named, with and without parameters.
class Scaled {
 public:
  explicit Scaled(const td::Scope& scope) : gain_(scope.add("gain", {2, 1}, td::ones)) {}
  td::Value operator()(const td::Value& x) const { return td::add(x, gain_); }

 private:
  td::Parameter gain_;
};

td::Sequential use(td::ParameterStore& store) {
  const td::Sequential inner{Scaled{store.scope("scaled")}, {"again", td::ReLU{}}};
  const std::vector<td::Sequential::Item> items{inner, [](td::Value x) { return x; }};
  const td::Sequential of_items{items};
  return {td::Residual{inner}, {"rest", of_items}, td::Layer{td::Tanh{}}};
}
