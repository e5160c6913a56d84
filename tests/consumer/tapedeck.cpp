// Trains a small network with a layer of its own, as a user of the installed package does.
#include "tapedeck/tapedeck.hpp"

#include <cstdio>

#include "tapedeck/core/version.hpp"

namespace td = tapedeck;

// y = s (.) x     ds = sum over the batch of dy (.) x     dx = s (.) dy
struct ScaleOp {
  static constexpr auto name = "scale";
  static constexpr td::Signature signature = "s(f,1)* x(f,b)* -> y(f,b)";
  void forward(auto& y, const auto& s, const auto& x) const { y = arma::diagmat(s.col(0)) * x; }
  void vjp(auto& ds, auto& dx, const auto& dy, const auto& s, const auto& x) const {
    ds += arma::sum(dy % x, 1);
    dx += arma::diagmat(s.col(0)) * dy;
  }
};

class Scale {
 public:
  Scale(const td::Scope& scope, td::Index features) : gain_{scope.add("gain", {features, 1}, td::ones)} {}
  td::Value operator()(td::Value x) const { return td::apply(ScaleOp{}, gain_, x); }

 private:
  td::Parameter gain_;
};

// Learns y = x1 x2 on the corners of a square. Returns 0 if the loss has fallen to a tenth.
int main() {
  const td::Matrix<float> x{{-1, -1, 1, 1}, {-1, 1, -1, 1}};
  const td::Matrix<float> y{{1, -1, -1, 1}};

  td::ParameterStore store{{.seed = 42}};
  const td::Sequential model{td::Linear{store.scope("fc_1"), 2, 8}, td::Tanh{},
                             Scale{store.scope("scale"), 8}, td::Linear{store.scope("fc_2"), 8, 1}};
  td::Adam optimizer{store, {.learning_rate = 0.05}};

  td::Memory memory;
  double first = 0;
  double last = 0;
  for (int step = 0; step < 200; ++step) {
    td::Tape tape{store, memory};
    const td::Value loss = td::mse(model(tape.input(x)), tape.input(y), td::batch_mean);
    store.zero_grad();
    tape.backward(loss);
    optimizer.step();
    last = loss.item();
    if (step == 0) first = last;
  }
  std::printf("tapedeck %s: the loss went from %.3f to %.6f\n", td::version, first, last);
  return last < first / 10 ? 0 : 1;
}
