// error: layer: operator() does not give a Value; it gives what it recorded on the tape
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

struct GivesNothing {
  void operator()(const td::Value& x) const { td::relu(x); }
};

const td::Sequential model{GivesNothing{}};
