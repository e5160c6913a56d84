// A recurrent cell by hand, trained on endless sequences with truncated back-propagation: its state is
// carried from window to window, gradients end with the window. The task: say what came four steps ago.
// Prints that windows of eight steps suffice to learn it, and windows of two do not.
#include <iostream>
#include <optional>

#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

constexpr td::Index sequences = 16;  // side by side, one in each column

// Every sequence is made of random numbers -1 and 1.
arma::fmat at_time(td::Index t) {
  arma::fmat x(1, sequences);
  for (td::Index i = 0; i < sequences; ++i) x[i] = td::Random{1}.uniform(t, i) < 0.5 ? -1.F : 1.F;
  return x;
}

// Trains for some 16000 time steps and returns the mean loss of the last 1000.
double train(td::Index window) {
  const td::Index hidden = 12;
  td::ParameterStore store{{.seed = 1}};
  const td::Linear cell{store.scope("cell"), 1 + hidden, hidden};
  const td::Linear output{store.scope("output"), hidden, 1};
  td::Adam optimizer{store, {.learning_rate = 3e-3}};

  td::Memory memories[2];  // carry reads from the tape before, so two tapes are open at a time
  std::optional<td::Tape> tapes[2];
  td::Value state;
  double sum = 0;
  for (td::Index start = 8; start < 16008; start += window) {
    const td::Index turn = start / window % 2;
    td::Tape& tape = tapes[turn].emplace(store, memories[turn]);
    state = start == 8 ? tape.zeros({hidden, sequences}) : tape.carry(state);
    td::Value loss = tape.zeros({1, 1});
    for (td::Index t = start; t < start + window; ++t) {
      state = td::tanh(cell(td::concatenate_rows({tape.input(at_time(t)), state})));
      loss = loss + td::mse(output(state), at_time(t - 4), td::batch_mean);
    }
    store.zero_grad();
    tape.backward(loss);
    td::clip_norm(store, 1);
    optimizer.step();
    if (start >= 15008) sum += loss.item();
  }
  return sum / 1000;
}

int main() {
  for (const td::Index window : {8U, 2U})
    std::cout << "windows of " << window << (train(window) < 0.1 ? ": learned\n" : ": not learned\n");
}

// Output:
// windows of 8: learned
// windows of 2: not learned
