// error: Scope
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

const td::Linear linear{25, 25};
