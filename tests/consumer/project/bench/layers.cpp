#include "pendulum/forecaster.hpp"
#include "pendulum/gated_cell.hpp"
#include "pendulum/snake.hpp"
#include "tapedeck/bench/op_benchmark.hpp"

namespace td = tapedeck;

namespace {

pendulum::Snake make_snake(const td::Scope& scope, td::Shape x) { return {scope, x.rows}; }
pendulum::GatedCell make_cell(const td::Scope& scope, td::Shape x) { return {scope, x.rows, x.rows}; }
pendulum::Forecaster make_forecaster(const td::Scope& scope, td::Shape /*x*/) { return {scope, 16}; }

const auto snake = td::benchmark("snake", make_snake, {{16, 50}, {256, 64}});
const auto gated_cell = td::benchmark("gated_cell", make_cell, {{16, 50}});
const auto forecaster = td::benchmark("forecaster", make_forecaster, {{8, 50}});

}  // namespace
