// Learns to foretell the angle of a damped pendulum. Returns 0 if the error of its forecasts is less than
// half of that of the best linear ones.
//
//   pendulum_train            trains and tells how good the forecasts are
//   pendulum_train --table    shows what one training step does, record by record
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <string_view>

#include "pendulum/forecaster.hpp"
#include "pendulum/simulation.hpp"
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

namespace {

double root_mean_square(const td::Matrix<double>& errors) {
  return std::sqrt(arma::accu(arma::square(errors)) / static_cast<double>(errors.n_elem));
}

// The error on `test` of the linear forecast that is best on `train`, y = w' [x; 1].
double linear_error(const td::Dataset& train, const td::Dataset& test) {
  const auto with_one = [](const td::Matrix<double>& x) {
    return td::Matrix<double>(arma::join_cols(x, arma::ones(1, x.n_cols)));
  };
  const td::Matrix<double> w = arma::solve(with_one(train.x<double>()).t(), train.y<double>().t());
  return root_mean_square(w.t() * with_one(test.x<double>()) - test.y<double>());
}

void show_one_step(td::ParameterStore& store, const pendulum::Forecaster& model, const td::Dataset& data) {
  td::Memory memory;
  td::Tape tape{store, memory, {.trace = true}};
  tape.backward(td::mse(model(tape.gather(data.all().x)), data.all().y, td::batch_mean));
  std::cout << td::inspect(tape);
}

}  // namespace

int main(int argc, char** argv) {
  const td::Dataset train = pendulum::swings(2000, 1);
  const td::Dataset test = pendulum::swings(500, 2);

  td::ParameterStore store{{.seed = 42}};
  const pendulum::Forecaster model{store.scope("forecaster"), 16};
  if (argc == 2 && argv[1] == std::string_view("--table")) {
    show_one_step(store, model, pendulum::swings(50, 1, {.times = 3}));
    return EXIT_SUCCESS;
  }

  std::cout << "tapedeck " << td::version << '\n'
            << model.describe() << ", " << store.element_count() << " numbers\n";
  td::Adam optimizer{store, {.learning_rate = 5e-3}};
  td::Trainer trainer{store, model, optimizer, td::MSELoss{td::batch_mean}};
  trainer.fit(train, {.epochs = 40, .batch_size = 50, .callbacks = {td::log_every(10, std::cout)}});

  const double linear = linear_error(train, test);
  const double learned = root_mean_square(trainer.predict(test.x<double>()) - test.y<double>());
  std::cout << "error of the forecasts, in radians: linear " << linear << ", learned " << learned << '\n';
  return learned < linear / 2 ? EXIT_SUCCESS : EXIT_FAILURE;
}
