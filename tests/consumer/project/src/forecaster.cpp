#include "pendulum/forecaster.hpp"

#include "pendulum/snake.hpp"
#include "tapedeck/ops/shape.hpp"
#include "tapedeck/tape/tape.hpp"

namespace pendulum {

Forecaster::Forecaster(const td::Scope& scope, td::Index features)
    : cell_{scope.scope("cell"), 1, features},
      head_{td::Linear{scope.scope("fc_1"), features, features}, Snake{scope.scope("snake"), features},
            td::Linear{scope.scope("fc_2"), features, 1}} {}

td::Value Forecaster::operator()(const td::Value& angles) const {
  td::Value state =
      angles.tape().input(td::Matrix<float>(cell_.features(), angles.cols(), arma::fill::zeros));
  for (td::Index time = 0; time < angles.rows(); ++time) {
    const td::Tape::At place{angles.tape(), "cell"};  // what tables and errors call it
    state = cell_(td::slice_rows(angles, time, 1), state);
  }
  return head_(state);
}

}  // namespace pendulum
