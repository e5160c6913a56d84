// What a user's file looks like to the compiler: bench/compile_cost measures it.
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

int main() {
  const td::Matrix<float> x(2, 50, arma::fill::ones);
  const td::Matrix<float> y(2, 50, arma::fill::zeros);

  td::ParameterStore store{{.seed = 42}};
  td::Sequential model{td::Linear{store.scope("fc_1"), 2, 25}, td::ReLU{},   //
                       td::Linear{store.scope("fc_2"), 25, 25}, td::Tanh{},  //
                       td::Linear{store.scope("fc_3"), 25, 2}};
  td::Adam optimizer{store, {.learning_rate = 1e-3}};

  td::Memory memory;
  for (int step = 0; step < 100; ++step) {
    td::Tape tape{store, memory};
    const td::Value loss = td::mse(model(tape.input(x)), tape.input(y), td::batch_mean);
    store.zero_grad();
    tape.backward(loss);
    optimizer.step();
  }
}
