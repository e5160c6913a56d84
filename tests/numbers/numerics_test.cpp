// Where a formula written down as it stands would overflow, vanish or cancel.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

#include "numbers/exact.hpp"
#include "optim/small_problem.hpp"
#include "tapedeck/layers/normalization.hpp"
#include "tapedeck/ops/activation.hpp"
#include "tapedeck/ops/loss.hpp"
#include "tapedeck/ops/softmax.hpp"

namespace td = tapedeck;
using optim_test::SmallProblem;
using test::eps;
using test::Real;
using test::Samples;
using test::Scalars;

BOOST_AUTO_TEST_SUITE(numbers_)
BOOST_AUTO_TEST_SUITE(numerics)

namespace {

// All samples of an op, whatever their options, at these inputs and for this cotangent of every element of
// the output, held to the formulas of numbers/exact.hpp.
template <class T>
void agree(const std::string& op, const std::vector<test::Elements>& inputs, double dy) {
  Samples s{inputs, {}};
  for (const auto& input : inputs) s.variable.push_back(std::holds_alternative<td::Matrix<double>>(input));
  std::size_t found = 0;
  for (const test::OpSample& sample : test::op_samples()) {
    if (sample.name.substr(0, sample.name.find(' ')) != op) continue;
    ++found;
    td::Matrix<double> cotangent(arma::size(test::run<T>(sample, s).output));
    cotangent.fill(dy);
    const test::Result got = test::run<T>(sample, s, &cotangent);
    const auto wanted = test::exact<T>(sample, s, cotangent);
    BOOST_REQUIRE(wanted.has_value());
    BOOST_TEST_CONTEXT(sample.name) {
      BOOST_TEST(test::disagreement(got.output, wanted->output) == "");
      for (std::size_t i = 0; i < got.gradients.size(); ++i)
        BOOST_TEST(test::disagreement(got.gradients[i], wanted->gradients[i]) == "", "cotangent " << i);
    }
  }
  BOOST_TEST(found > 0U);
}

td::Matrix<double> row(const std::vector<double>& x) { return td::Matrix<double>(arma::rowvec(x)); }

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(softmaxes_at_ten_thousand, T, Scalars) {
  const td::Matrix<double> z{
      {1e4, -1e4, 1e4, -1e4, 0}, {-1e4, 1e4, 1e4, -1e4, 1e4}, {1e4, 0, 1e4, -1e4, -1e4}};
  for (const double dy : {1.0, -3.0}) {
    agree<T>("softmax", {z}, dy);
    agree<T>("log_softmax", {z}, dy);
    agree<T>("cross_entropy", {z, td::IndexMatrix{{0, 0, 1, 2, 2}}}, dy);
    const td::Matrix<double> t{{1, 0.5, 0, 0.25, 0}, {0, 0.5, 1, 0.5, 0}, {0, 0, 0, 0.25, 1}};
    agree<T>("soft_cross_entropy", {z, t}, dy);
  }
}

// Differences of 1e4 are exact, and so are these.
BOOST_AUTO_TEST_CASE_TEMPLATE(log_softmax_at_ten_thousand_by_hand, T, Scalars) {
  td::ParameterStore store({.scalar = td::scalar_of<T>});
  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Value z = tape.variable(td::Matrix<double>(arma::vec{1e4, -1e4}));
  const td::Value y = td::log_softmax(z);
  BOOST_TEST(y.matrix<T>()[0] == 0);
  BOOST_TEST(y.matrix<T>()[1] == -2e4);
  const td::Value loss = td::cross_entropy(z, td::IndexMatrix(1, 1, arma::fill::ones), td::batch_mean);
  BOOST_TEST(loss.item() == 2e4);
  tape.backward(loss);
  BOOST_TEST(z.cotangent<T>()[0] == 1);
  BOOST_TEST(z.cotangent<T>()[1] == -1);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(binary_cross_entropy_at_two_hundred, T, Scalars) {
  const std::vector<double> logits{200, 200, 200, -200, -200, -200, 80, -80, 40, -40, 700, -700, 1e4, -1e4};
  const std::vector<double> targets{0, 1, 0.25, 0, 1, 0.75, 1, 0, 1, 0, 1, 0, 0, 1};
  for (std::size_t i = 0; i < logits.size(); ++i) {
    BOOST_TEST_CONTEXT("z = " << logits[i] << ", t = " << targets[i])
    agree<T>("binary_cross_entropy", {row({logits[i]}), row({targets[i]})}, 2);
  }
}

// What a sure and right answer costs, exp(-|z|), is all that is left of the loss.
BOOST_AUTO_TEST_CASE_TEMPLATE(a_sure_and_right_answer_costs_little_and_not_nothing, T, Scalars) {
  td::ParameterStore store({.scalar = td::scalar_of<T>});
  td::Memory memory;
  const auto loss = [&](double z, double t) {
    td::Tape tape(store, memory);
    return td::binary_cross_entropy(tape.input(row({z})), row({t}), td::batch_sum).item();
  };
  for (const double z : {20.0, 50.0, 80.0, 200.0, 700.0}) {
    const Real wanted = std::log1p(std::exp(-static_cast<Real>(z)));
    // Two ulp of double for exp and log1p each, then rounded to T.
    const Real allowed = 4 * eps<double> * wanted + test::half_ulp<T>(wanted);
    BOOST_TEST(std::abs(loss(z, 1) - wanted) <= allowed, z << ": " << loss(z, 1) << " for " << wanted);
    BOOST_TEST(std::abs(loss(-z, 0) - wanted) <= allowed, z << ": " << loss(-z, 0) << " for " << wanted);
  }
}

// To where exp is no number of T any more, above and below.
BOOST_AUTO_TEST_CASE_TEMPLATE(tails_of_activations, T, Scalars) {
  const double most = std::numeric_limits<T>::max();
  std::vector<double> x;
  for (const double size :
       {1e-30, 1e-4,  1.0,   5.0,   9.0,   12.0,  17.0,  20.0,  37.0,  40.0, 87.0, 88.5, 89.0,
        100.0, 103.0, 104.0, 708.0, 709.0, 710.0, 740.0, 745.0, 746.0, 1e4,  1e30, most}) {
    const auto rounded = static_cast<double>(static_cast<T>(size));
    x.push_back(rounded);
    x.push_back(-rounded);
  }
  for (const char* op : {"relu", "leaky_relu", "softplus", "sigmoid", "tanh", "elu", "gelu", "silu"})
    agree<T>(op, {row(x)}, 1);
}

// Their squares are beyond float's range, and their sum is beyond it too; the mean is not.
BOOST_AUTO_TEST_CASE_TEMPLATE(losses_with_huge_residues, T, Scalars) {
  const td::Matrix<double> x = row({1e18, -1e18, 3e37, 0});
  const td::Matrix<double> t = row({-1e18, 1e18, -3e37, 1e-30});
  for (const char* op : {"mse", "l1", "huber"}) {
    BOOST_TEST_CONTEXT(op) {
      agree<T>(
          op,
          {test::Elements{arma::conv_to<td::Matrix<double>>::from(arma::conv_to<td::Matrix<T>>::from(x))},
           test::Elements{arma::conv_to<td::Matrix<double>>::from(arma::conv_to<td::Matrix<T>>::from(t))}},
          1);
    }
  }
  agree<T>("binary_cross_entropy", {row({0x1p100, -0x1p100, 0x1p120}), row({0, 1, 0.5})}, 1);
  td::ParameterStore store;
  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Matrix<float> eighteen = td::Matrix<float>(1, 4).fill(1.5e19F);
  const td::Value v = tape.input(eighteen);
  const td::Matrix<float> zero(1, 4);
  BOOST_TEST(td::mse(v, zero, td::batch_sum).item() == HUGE_VAL);  // 9e38
  const Real square = static_cast<Real>(1.5e19F) * static_cast<Real>(1.5e19F);
  BOOST_TEST(std::abs(td::mse(v, zero, td::batch_mean).item() / square - 1) <= eps<float>);
}

// As an infinite cotangent tells that something overflowed before, NaN does.
BOOST_AUTO_TEST_CASE_TEMPLATE(an_infinite_cotangent_of_a_loss, T, Scalars) {
  td::ParameterStore store({.scalar = td::scalar_of<T>});
  td::Memory memory;
  const T infinity = std::numeric_limits<T>::infinity();
  for (const T dl : {infinity, -infinity}) {
    td::Tape tape(store, memory);
    const td::Value z = tape.variable(td::Matrix<double>{{1, 2}, {0, -1}, {3, 1}});
    const td::Value loss = td::cross_entropy(z, td::IndexMatrix{{0, 2}}, td::batch_mean);
    tape.backward({loss, td::Matrix<T>(1, 1).fill(dl)});
    const td::Matrix<T>& dz = z.cotangent<T>();
    BOOST_TEST(std::isnan(dz(0, 0)));
    BOOST_TEST(std::isnan(dz(2, 1)));
    for (const T other : {dz(1, 0), dz(2, 0), dz(0, 1), dz(1, 1)}) BOOST_TEST(other == dl);
  }
}

// NaN in x makes y NaN; the cotangent passes on as if the unit were active.
BOOST_AUTO_TEST_CASE_TEMPLATE(relu_passes_the_cotangent_where_x_is_nan, T, Scalars) {
  td::ParameterStore store({.scalar = td::scalar_of<T>});
  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Value x = tape.variable(row({std::nan(""), 0.0, -0.0, -1, 2}));
  const td::Value y = td::relu(x);
  BOOST_TEST(std::isnan(y.matrix<T>()[0]));
  const td::Matrix<T> dy{{3, 3, 3, 3, 3}};
  tape.backward({y, dy});
  const td::Matrix<T> wanted{{3, 0, 0, 0, 3}};
  BOOST_TEST(arma::all(arma::vectorise(x.cotangent<T>() == wanted)));
}

// --- Normalisation of numbers that lie far from zero, close together

namespace {

// mean 1000, deviation 0.1: floats are 6e-5 apart.
constexpr double mean = 1000;
constexpr double deviation = 0.1;

struct Normalized {
  std::vector<Real> h, dx;
  Real mean, variance, n;
};
// What comes of one row or column, without gain and bias.
template <class T>
Normalized normalized(const std::vector<T>& x, const std::vector<T>& dy) {
  Normalized e{};
  const auto size = static_cast<Real>(x.size());
  for (const T v : x) e.mean += v / size;
  for (const T v : x) e.variance += (v - e.mean) * (v - e.mean) / size;
  e.n = 1 / std::sqrt(e.variance + 1e-5L);
  Real sum = 0;
  Real products = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    e.h.push_back(e.n * (x[i] - e.mean));
    sum += dy[i] / size;
    products += dy[i] * e.h[i] / size;
  }
  for (std::size_t i = 0; i < x.size(); ++i) e.dx.push_back(e.n * (dy[i] - sum - e.h[i] * products));
  return e;
}

// In double x - m is off by at most `size` eps of 1000, which is `rest` of the deviation. Then h is rounded
// to T once and so is y. For dx, h and n come rounded; |mean(dy h)| is at most |dy| as h has deviation 1, and
// h and dy are below 5.
template <class T>
void is_normalized(const Normalized& wanted, const td::Matrix<T>& y, const td::Matrix<T>& dx) {
  const auto size = static_cast<Real>(wanted.h.size());
  const Real rest = 2 * size * eps<double> * mean / deviation;
  for (std::size_t i = 0; i < wanted.h.size(); ++i) {
    const Real h = wanted.h[i];
    const Real unit = eps<T> / 2;
    BOOST_TEST(std::abs(y[i] - h) <= unit * std::abs(h) + 5 * rest, i);
    const Real parts = wanted.n * (5 + 1 + 5 * std::abs(h));
    BOOST_TEST(std::abs(dx[i] - wanted.dx[i]) <= 4 * unit * parts + 10 * rest * parts, i);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(batch_norm_far_from_zero, T, Scalars) {
  constexpr td::Index batch = 1000;
  td::ParameterStore store({.scalar = td::scalar_of<T>});
  const td::BatchNorm norm{store.scope("norm"), 1, {.momentum = 1}};
  td::SGD optimizer{store, {.learning_rate = 0}};
  const td::Matrix<T> x = test::gaussian<T>(td::Shape{1, batch}, 1, deviation, mean);
  const td::Matrix<T> dy = test::gaussian<T>(td::Shape{1, batch}, 2);
  const auto wanted = normalized<T>({x.begin(), x.end()}, {dy.begin(), dy.end()});
  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Value v = tape.variable(x);
  const td::Value y = norm(v);
  tape.backward({y, dy});
  is_normalized(wanted, y.matrix<T>(), v.cotangent<T>());
  optimizer.step();
  const auto running = [&](const char* name) { return store.buffer<T>(name)[0]; };
  const Real accumulated = batch * eps<double>;
  BOOST_TEST(std::abs(running("norm.running_mean") - wanted.mean) <= (eps<T> / 2 + accumulated) * mean);
  const Real unbiased = wanted.variance * batch / (batch - 1);
  const Real allowed = (eps<T> / 2 + accumulated) * unbiased + 4 * accumulated * mean * deviation;
  BOOST_TEST(std::abs(running("norm.running_var") - unbiased) <= allowed);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(layer_norm_far_from_zero, T, Scalars) {
  constexpr td::Index features = 257;
  td::ParameterStore store({.scalar = td::scalar_of<T>});
  const td::LayerNorm norm{store.scope("norm"), features};
  const td::Matrix<T> x = test::gaussian<T>(td::Shape{features, 3}, 1, deviation, mean);
  const td::Matrix<T> dy = test::gaussian<T>(td::Shape{features, 3}, 2);
  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Value v = tape.variable(x);
  const td::Value y = norm(v);
  tape.backward({y, dy});
  for (td::Index c = 0; c < 3; ++c) {
    const auto column = [c](const td::Matrix<T>& m) {
      return std::vector<T>(m.colptr(c), m.colptr(c) + m.n_rows);
    };
    is_normalized(normalized<T>(column(x), column(dy)), td::Matrix<T>(y.matrix<T>().col(c)),
                  td::Matrix<T>(v.cotangent<T>().col(c)));
  }
}

// --- Steps for gradients whose squares are no floats

namespace {

// The first two steps with a gradient of 1e-25, to the formulas in long double.
template <class Optimizer, class Formula>
void steps_for_tiny_gradients(const Formula& formula) {
  SmallProblem p(td::f32);
  Optimizer optimizer{p.store, {.learning_rate = 0.5}};
  const Real g = 1e-25F;
  Real w = 0;
  for (int t = 1; t <= 2; ++t) {
    p.step(optimizer, 1e-25, -1e-25);
    w -= 0.5L * formula(g, t);
    // A step takes fewer than 16 operations in float, and the steps are alike.
    BOOST_TEST(std::abs(p.value(p.weight, 3) - w) <= 16 * eps<float> / 2 * std::abs(w), t);
    BOOST_TEST(p.value(p.bias, 3) == -p.value(p.weight, 3));
  }
}

}  // namespace

// m / (1 - beta_1^t) is g and v / (1 - beta_2^t) is g^2 at each step with the same g.
BOOST_AUTO_TEST_CASE(adam_at_1e_minus_25) {
  steps_for_tiny_gradients<td::Adam>([](Real g, int) { return g / (g + 1e-8L); });
}
// Beside 0.01 times the rate times w, which is below 1e-17 itself.
BOOST_AUTO_TEST_CASE(adamw_at_1e_minus_25) {
  Real w = 0;
  steps_for_tiny_gradients<td::AdamW>([&w](Real g, int) {
    const Real step = g / (g + 1e-8L) + 0.01L * w;
    w -= 0.5L * step;
    return step;
  });
}
BOOST_AUTO_TEST_CASE(rmsprop_at_1e_minus_25) {
  steps_for_tiny_gradients<td::RMSprop>(
      [](Real g, int t) { return g / (g * std::sqrt(1 - std::pow(0.99L, t)) + 1e-8L); });
}
BOOST_AUTO_TEST_CASE(adagrad_at_1e_minus_25) {
  steps_for_tiny_gradients<td::Adagrad>(
      [](Real g, int t) { return g / (g * std::sqrt(static_cast<Real>(t)) + 1e-10L); });
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
