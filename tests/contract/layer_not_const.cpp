// 2 errors: layer: operator() is not const; a layer has no state that a call could change
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

struct NotConst {
  td::Value operator()(const td::Value& x) { return td::relu(x); }
};

int count = 0;
const auto counts = [n = 0](const td::Value& x) mutable {
  count = ++n;
  return x;
};

const td::Sequential model{NotConst{}, {"named", NotConst{}}};
const td::Sequential mutable_lambda{counts};
