// error: check_gradient: the function takes one to four Values, or (Tape&, const std::vector<Value>&), and
// gives a Value, or an array or vector of them
#include "tapedeck/check/gradient_check.hpp"
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

bool right() {
  return td::check_gradient([](const arma::mat& x) { return x; }, {td::Shape{3, 4}}).passed();
}
