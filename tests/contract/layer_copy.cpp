// error: layer: it cannot be copied; it holds handles and options, no state
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

struct HoldsState {
  td::Value operator()(const td::Value& x) const { return td::relu(x); }
  std::unique_ptr<int> state;
};

const td::Sequential model{HoldsState{}};
