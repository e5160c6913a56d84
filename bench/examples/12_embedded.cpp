// A network inside an application: a controller that keeps a pendulum upright. The first answer sizes the
// memory that tapes write to; those after it allocate nothing.
// Prints whether the pendulum stands after ten seconds, and how long an answer takes.
#include <chrono>
#include <cmath>
#include <iostream>

#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

class Controller {
 public:
  // Learns the torque for angles and speeds from made-up examples. 06_weights_for_pytorch.cpp shows how
  // weights come from a file instead.
  Controller() {
    arma::mat states(2, 2000), torques(1, 2000);
    for (td::Index i = 0; i < states.n_cols; ++i) {
      states.col(i) = arma::vec{0.4 * td::Random{1}.normal(i, 0), td::Random{1}.normal(i, 1)};
      torques[i] = -8 * std::tanh(2.5 * states(0, i) + 0.6 * states(1, i));
    }
    td::Adam optimizer{store_, {.learning_rate = 0.01}};
    td::Trainer trainer{store_, model_, optimizer, td::MSELoss{td::batch_mean}};
    trainer.fit({states, torques}, {.epochs = 40});
  }
  double torque(double angle, double speed) {
    const arma::fvec::fixed<2> state{static_cast<float>(angle), static_cast<float>(speed)};
    td::Tape tape{store_, memory_, td::evaluate};
    return model_(tape.borrow(state)).item();
  }
  std::size_t memory() const { return memory_.capacity(); }

 private:
  td::ParameterStore store_{{.seed = 1}};
  td::Sequential model_{td::Linear{store_.scope("fc_1"), 2, 16}, td::Tanh{},
                        td::Linear{store_.scope("fc_2"), 16, 1}};
  td::Memory memory_;
};

int main() {
  Controller controller;
  double angle = 0.3, speed = 0;  // in radians from upright, and per second
  controller.torque(angle, speed);
  const std::size_t memory = controller.memory();
  const auto start = std::chrono::steady_clock::now();
  for (int step = 0; step < 1000; ++step) {
    speed += 0.01 * (9.81 * std::sin(angle) + controller.torque(angle, speed));
    angle += 0.01 * speed;
  }
  const std::chrono::duration<double, std::micro> time = std::chrono::steady_clock::now() - start;
  std::cout << "# " << time.count() / 1000 << " us for an answer\n";
  std::cout << (std::abs(angle) < 0.05 ? "upright\n" : "fallen\n");
  std::cout << "bytes more than after the first answer: " << controller.memory() - memory << '\n';
}

// Output:
// # 0.668173 us for an answer
// upright
// bytes more than after the first answer: 0
