// error: layer: it cannot be called with a Value; a layer has a public Value operator()(const Value&) const
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

struct NamedForward {
  td::Value forward(const td::Value& x) const { return td::relu(x); }
};

const td::Residual block{NamedForward{}};
