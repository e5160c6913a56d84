// error: layer: it cannot be called with a Value; a layer has a public Value operator()(const Value&) const
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

struct NamedForward {
  td::Value forward(const td::Value& x) const { return td::relu(x); }
};

td::Trainer use(td::ParameterStore& store, td::Optimizer& optimizer) {
  return {store, NamedForward{}, optimizer, td::MSELoss{td::batch_mean}};
}
