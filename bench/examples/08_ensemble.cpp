// How sure is a prediction? Five networks with different initial values are trained on the same data:
// they agree where there is data, and differ where there is none. Each has a thread of its own.
// Prints for three points whether their mean is right, and whether they are sure of it.
#include <cmath>
#include <functional>
#include <future>
#include <iostream>
#include <vector>

#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

// Trains one network of the ensemble and returns its predictions for x.
arma::mat train_and_predict(const td::Dataset& data, const arma::mat& x, std::uint64_t seed) {
  td::ParameterStore store{{.seed = seed}};  // of the initial values and the order of samples
  const td::Sequential model{td::Linear{store.scope("fc_1"), 1, 32}, td::Tanh{},
                             td::Linear{store.scope("fc_2"), 32, 32}, td::Tanh{},
                             td::Linear{store.scope("fc_3"), 32, 1}};
  td::Adam optimizer{store, {.learning_rate = 3e-3}};
  td::Trainer trainer{store, model, optimizer, td::MSELoss{td::batch_mean}};
  trainer.fit(data, {.epochs = 150});
  return trainer.predict(x);
}

int main() {
  // sin(3 x) for x from -1 to 1, with noise.
  arma::mat x(1, 200);
  arma::mat y(1, 200);
  for (td::Index i = 0; i < x.n_cols; ++i) {
    x[i] = 2 * td::Random{1}.uniform(i) - 1;
    y[i] = std::sin(3 * x[i]) + 0.05 * td::Random{2}.normal(i);
  }
  const td::Dataset data{x, y};
  const arma::mat questions{{-0.5, 0.5, 4}};

  std::vector<std::future<arma::mat>> networks;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    networks.push_back(std::async(std::launch::async, train_and_predict, std::cref(data), questions, seed));
  }
  arma::mat answers(networks.size(), questions.n_cols);
  for (td::Index i = 0; i < answers.n_rows; ++i) answers.row(i) = networks[i].get();
  const arma::rowvec mean = arma::mean(answers, 0);
  const arma::rowvec deviation = arma::stddev(answers, 0, 0);

  for (td::Index i = 0; i < questions.n_cols; ++i) {
    std::cout << "# x = " << questions[i] << ": " << mean[i] << " +- " << deviation[i] << '\n';
    const bool right = std::abs(mean[i] - std::sin(3 * questions[i])) < 0.1;
    std::cout << (right ? "right" : "wrong") << ", and " << (deviation[i] < 0.1 ? "sure\n" : "not sure\n");
  }
}

// Output:
// # x = -0.5: -1.01369 +- 0.0237207
// right, and sure
// # x = 0.5: 0.994183 +- 0.0359542
// right, and sure
// # x = 4: -0.872618 +- 0.218805
// wrong, and not sure
