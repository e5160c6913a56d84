// error: tape: it stays where it is; take it as Tape&
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

td::Value use(td::Tape tape, const arma::fmat& x) { return tape.input(x); }

td::Value call(td::Tape& tape, const arma::fmat& x) { return use(tape, x); }
