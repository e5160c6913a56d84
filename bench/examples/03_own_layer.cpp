// An op of one's own with its derivative, a layer with a parameter around it, and their gradient check.
// The layer computes sine waves of trained frequencies; a network of them fits a wave of three periods.
// Prints what the check finds, and whether the network fits the wave.
#include <cmath>
#include <iostream>

#include "tapedeck/check/gradient_check.hpp"
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

// y = sin(a (.) x), with one frequency a for each feature; c = cos(a (.) x) is saved for the vjp.
//   da = sum over the batch of dy (.) x (.) c      dx = a (.) dy (.) c
struct SineOp {
  static constexpr auto name = "sine";
  static constexpr td::Signature signature = "a(f,1)* x(f,b)* -> y(f,b) | c(f,b)";
  void forward(auto& y, auto& c, const auto& a, const auto& x) const {
    y = arma::diagmat(a.col(0)) * x;
    c = arma::cos(y);
    y = arma::sin(y);
  }
  void vjp(auto& da, auto& dx, const auto& dy, const auto& a, const auto& x, const auto& c) const {
    da += arma::sum(dy % x % c, 1);
    dx += arma::diagmat(a.col(0)) * (dy % c);
  }
};

class Sine {
 public:
  Sine(const td::Scope& scope, td::Index features)
      : frequency_{scope.add("frequency", {features, 1}, td::constant(15))} {}
  td::Value operator()(const td::Value& x) const { return td::apply(SineOp{}, frequency_, x); }

 private:
  td::Parameter frequency_;
};

int main() {
  td::ParameterStore store{{.seed = 1}};
  const td::Sequential model{td::Linear{store.scope("fc_1"), 1, 32}, Sine{store.scope("sine"), 32},
                             td::Linear{store.scope("fc_2"), 32, 1}};
  const td::GradientReport report = td::check_gradient(store, model, {td::Shape{1, 7}});
  std::cout << (report.passed() ? "the gradient is right\n" : report.describe());

  const arma::mat x = arma::linspace<arma::rowvec>(-1, 1, 200);
  const arma::mat wave = arma::sin(3 * M_PI * x);
  td::Adam optimizer{store, {.learning_rate = 0.01}};
  td::Trainer trainer{store, model, optimizer, td::MSELoss{td::batch_mean}};
  trainer.fit({x, wave}, {.epochs = 200});
  const double error = td::regression_metrics(trainer.predict(x), wave).rmse[0];
  std::cout << "# error " << error << '\n';
  std::cout << "error below 0.1: " << (error < 0.1 ? "yes" : "no") << '\n';
}

// Output:
// the gradient is right
// # error 0.00885961
// error below 0.1: yes
