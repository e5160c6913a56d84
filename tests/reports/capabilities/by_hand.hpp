#pragma once

/// @file
/// What the capabilities of the reports are compared with: the same mathematics, written out.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <string>

#include "support/references.hpp"
#include "tapedeck/tapedeck.hpp"

namespace test {

namespace td = tapedeck;

/// How far two ways to the same double may be apart, relative to the largest element: they round some hundred
/// times at most, by 2^-53 = 1.1e-16 each.
constexpr double rounding = 1e-13;

/// W x + b 1'
inline arma::mat affine(const arma::mat& weight, const arma::mat& bias, const arma::mat& x) {
  return weight * x + arma::repmat(bias, 1, x.n_cols);
}

/// y = f(x), and dx, what comes back to x when dy comes back to y.
struct Pass {
  arma::mat y;
  arma::mat dx;
};

template <class Function>
Pass pass(td::ParameterStore& store, const Function& f, const arma::mat& x, const arma::mat& dy) {
  td::Memory memory;
  td::Tape tape{store, memory};
  const td::Value input = tape.variable(x);
  const td::Value y = f(input);
  tape.backward({{y, dy}});
  return {y.matrix<double>(), input.cotangent<double>()};
}

/// The same of a function without parameters, of single elements: with a dy of ones, dx is the derivative.
template <class Function>
Pass pass(const Function& f, const arma::mat& x) {
  td::ParameterStore none{{.scalar = td::f64}};
  return pass(none, f, x, arma::ones(arma::size(x)));
}

/// A distribution around 0, by what its mean and its variance over many draws scatter with.
struct Distribution {
  double variance;
  double kurtosis;  ///< E x^4 / variance^2
};
inline Distribution normal_with(double deviation) { return {deviation * deviation, 3}; }
inline Distribution uniform_within(double bound) { return {bound * bound / 3, 9.0 / 5}; }

/// Holds that mean and variance of n independent draws are those of the distribution, within five standard
/// errors: sqrt(variance / n) of the mean, variance sqrt((kurtosis - 1) / n) of the mean square.
inline void check_draws(const arma::mat& draws, const Distribution& wanted) {
  const auto n = static_cast<double>(draws.n_elem);
  const double mean_square = arma::accu(arma::square(draws)) / n;
  BOOST_TEST(std::abs(arma::accu(draws) / n) < 5 * std::sqrt(wanted.variance / n));
  BOOST_TEST(std::abs(mean_square / wanted.variance - 1) < 5 * std::sqrt((wanted.kurtosis - 1) / n));
}

/// Holds that an event of this probability happened so many times out of n, within five standard errors.
template <class Count>
void check_share(Count times, double n, double probability) {
  BOOST_TEST(std::abs(static_cast<double>(times) / n - probability) <
             5 * std::sqrt(probability * (1 - probability) / n));
}

/// One weight, to be moved by gradients that are given.
struct Weight {
  explicit Weight(double start) : w(store.add("w", {1, 1}, td::constant(start))) {}

  double value() { return store.parameter(w).value<double>()[0]; }
  void step(td::Optimizer& optimizer, double gradient) {
    store.zero_grad();
    store.gradients().set(w, arma::mat(1, 1, arma::fill::value(gradient)));
    optimizer.step();
  }

  td::ParameterStore store{{.scalar = td::f64}};
  td::Parameter w;
};

/// The network of the reports: three hidden layers of 25, each with an activation.
inline td::Sequential three_hidden_layers(td::ParameterStore& store, td::Index outputs,
                                          const td::Layer& activation = td::ReLU{}) {
  return {td::Linear{store.scope("fc_1"), 2, 25},      {"act_1", activation},
          td::Linear{store.scope("fc_2"), 25, 25},     {"act_2", activation},
          td::Linear{store.scope("fc_3"), 25, 25},     {"act_3", activation},
          td::Linear{store.scope("fc_4"), 25, outputs}};
}

}  // namespace test
