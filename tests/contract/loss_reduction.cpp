// error: Reduction
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

const td::MSELoss loss;
