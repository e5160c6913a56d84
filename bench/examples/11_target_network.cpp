// Q-learning with a target network: a copy of the store that slowly follows the trained one. An agent in
// a corridor of ten cells learns which way the goal is; reaching it is worth 1, and 0.9 of that one step
// earlier. Prints the learned direction in each cell, and the values of going right in cells 0 to 5.
#include <algorithm>
#include <cmath>
#include <iostream>

#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

constexpr td::Index cells = 10;
constexpr td::Index goal = 6;
constexpr td::Index batch = 32;

int main() {
  td::ParameterStore store{{.seed = 1}};
  const td::Sequential model{td::Linear{store.scope("fc_1"), cells, 32}, td::ReLU{},
                             td::Linear{store.scope("fc_2"), 32, 2}};  // the values of going left and right
  td::Adam optimizer{store, {.learning_rate = 3e-3}};
  td::ParameterStore target = store.copy();  // the same model runs on either store

  const arma::fmat every_cell(cells, cells, arma::fill::eye);
  td::Memory memory;
  for (td::Index step = 0; step < 3000; ++step) {
    // What the agent experienced: cells and moves at random, and where they led.
    const arma::fmat next_values = arma::max(td::predict(target, model, every_cell), 0);
    arma::fmat x(cells, batch), chosen(2, batch), wanted(2, batch);
    for (td::Index i = 0; i < batch; ++i) {
      const td::Index cell = td::Random{2}.below(cells, step, 2 * i);
      const td::Index move = td::Random{2}.below(2, step, 2 * i + 1);
      const td::Index next = move == 0 ? std::max<td::Index>(cell, 1) - 1 : std::min(cell + 1, cells - 1);
      x(cell, i) = 1;
      chosen(move, i) = 1;
      wanted(move, i) = next == goal ? 1 : 0.9F * next_values[next];
    }
    td::Tape tape{store, memory};
    const td::Value loss = td::mse(model(tape.input(x)) % tape.input(chosen), wanted, td::batch_mean);
    store.zero_grad();
    tape.backward(loss);
    optimizer.step();
    target.blend(store, 0.02);  // target = 0.98 target + 0.02 trained
  }

  const arma::fmat values = td::predict(store, model, every_cell);
  for (td::Index c = 0; c < cells; ++c) {
    std::cout << (c == goal ? '*' : values(0, c) > values(1, c) ? '<' : '>');
  }
  std::cout << '\n';
  for (td::Index c = 0; c < goal; ++c)
    std::cout << (c == 0 ? "" : " ") << std::round(100 * values(1, c)) / 100;
  std::cout << '\n';
}

// Output:
// >>>>>>*<<<
// 0.59 0.66 0.73 0.81 0.9 1
