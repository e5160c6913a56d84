// On-line learning: a network predicts the next value of a signal from the last eight, is corrected as
// soon as that value arrives, and so follows a signal that changes while the program runs.
// Prints whether the prediction is good, bad after the change of the signal, and good again.
#include <algorithm>
#include <cmath>
#include <iostream>

#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

// Two sine waves and some noise; after 4000 samples the waves are faster.
float signal(td::Index t) {
  const double speed = t < 4000 ? 1 : 1.7;
  const double time = speed * static_cast<double>(t);
  return static_cast<float>(std::sin(0.2 * time) + 0.5 * std::sin(0.5 * time) +
                            0.02 * td::Random{1}.normal(t));
}

int main() {
  td::ParameterStore store{{.seed = 1}};
  const td::Sequential model{td::Linear{store.scope("fc_1"), 8, 16}, td::Tanh{},
                             td::Linear{store.scope("fc_2"), 16, 1}};
  td::SGD optimizer{store, {.learning_rate = 0.02}};
  td::Memory memory;

  arma::fmat past(8, 1);
  for (td::Index t = 0; t < 8; ++t) past[t] = signal(t);
  arma::vec errors(8000);
  for (td::Index t = 8; t < errors.n_elem; ++t) {
    td::Tape tape{store, memory};
    const td::Value prediction = model(tape.input(past));
    // The application would use prediction.item() here, and go on when the next value is there.
    const arma::fmat next(1, 1, arma::fill::value(signal(t)));
    const td::Value loss = td::mse(prediction, next, td::batch_mean);
    store.zero_grad();
    tape.backward(loss);
    optimizer.step();

    errors[t] = std::sqrt(loss.item());
    std::shift_left(past.begin(), past.end(), 1);
    past[7] = next[0];
  }
  const auto report = [&](const char* when, td::Index first, td::Index last) {
    const double error = arma::mean(errors.subvec(first, last));
    std::cout << "# mean error " << error << '\n' << when << (error < 0.1 ? "good" : "bad") << '\n';
  };
  report("before the change: ", 3000, 3999);
  report("just after it: ", 4000, 4049);
  report("later: ", 7000, 7999);
}

// Output:
// # mean error 0.0475326
// before the change: good
// # mean error 0.198305
// just after it: bad
// # mean error 0.0333375
// later: good
