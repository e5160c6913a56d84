#include "pendulum/forecaster.hpp"
#include "pendulum/gated_cell.hpp"
#include "pendulum/snake.hpp"
#include "tapedeck/bench/op_benchmark.hpp"

namespace td = tapedeck;

namespace {

const auto snake = td::benchmark("snake",
                                 [](const td::Scope& scope, td::Shape x) {
                                   return pendulum::Snake{scope, x.rows};
                                 },
                                 {{16, 50}, {256, 64}});
const auto gated_cell = td::benchmark("gated_cell",
                                      [](const td::Scope& scope, td::Shape x) {
                                        return pendulum::GatedCell{scope, x.rows, x.rows};
                                      },
                                      {{16, 50}});
const auto forecaster = td::benchmark("forecaster",
                                      [](const td::Scope& scope, td::Shape) {
                                        return pendulum::Forecaster{scope, 16};
                                      },
                                      {{8, 50}});

}  // namespace
