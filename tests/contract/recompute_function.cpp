// 2 errors: recompute: the function can be copied, takes a Value and gives a Value
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

td::Value gives_something_else(td::Tape& tape, const td::Value& x) {
  return tape.recompute([](const td::Value& h) { return h.rows(); }, x);
}

td::Value cannot_be_copied(td::Tape& tape, const td::Value& x) {
  return tape.recompute([state = std::make_unique<int>(0)](const td::Value& h) { return h; }, x);
}
