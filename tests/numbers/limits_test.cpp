// Where numbers end: sums of very many, gradients of any size, the largest and the smallest squares.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "kernels/numbers.hpp"
#include "optim/small_problem.hpp"
#include "tapedeck/layers/normalization.hpp"
#include "tapedeck/ops/loss.hpp"
#include "tapedeck/ops/reduction.hpp"
#include "tapedeck/optim/clipping.hpp"
#include "tapedeck/optim/cosine_with_warmup.hpp"
#include "tapedeck/optim/exponential_decay.hpp"
#include "tapedeck/optim/one_cycle.hpp"
#include "tapedeck/optim/piecewise_schedules.hpp"
#include "tapedeck/tape/tape.hpp"

namespace td = tapedeck;
using optim_test::SmallProblem;
using test::eps;
using test::Real;
using test::Scalars;

BOOST_AUTO_TEST_SUITE(numbers_)
BOOST_AUTO_TEST_SUITE(limits)

namespace {

// A float that counts stops at 2^24 = 16,777,216.
constexpr td::Index many = 20'000'000;

td::Matrix<float> row_of(float x, td::Index n = many) { return td::Matrix<float>(1, n).fill(x); }

}  // namespace

// Sums of `many` equal terms are off by less than many eps of double, here 4e-9; then they become floats.
BOOST_AUTO_TEST_CASE(losses_over_very_many_floats) {
  const td::Matrix<float> x = row_of(3);
  const td::Matrix<float> t = row_of(2);
  const auto loss = [&](const auto& f, td::Reduction reduction) {
    td::ParameterStore store;
    td::Memory memory;
    td::Tape tape(store, memory);
    return f(tape.borrow(x), tape.borrow(t), reduction).item();
  };
  using V = const td::Value&;
  const auto check = [&](const char* name, const auto& f, double each) {
    const Real allowed = 4e-9 + eps<float> / 2;
    BOOST_TEST(std::abs(loss(f, td::batch_mean) / each - 1) <= allowed, name);
    BOOST_TEST(std::abs(loss(f, td::batch_sum) / (each * static_cast<double>(many)) - 1) <= allowed, name);
  };
  check(
      "mse", [](V a, V b, td::Reduction r) { return td::mse(a, b, r); }, 1);
  check(
      "l1", [](V a, V b, td::Reduction r) { return td::l1(a, b, r); }, 1);
  check(
      "huber", [](V a, V b, td::Reduction r) { return td::huber(a, b, r, 0.5); }, 0.375);
  check(
      "binary_cross_entropy", [](V a, V b, td::Reduction r) { return td::binary_cross_entropy(a, b, r); },
      std::log1p(std::exp(-3.0)) - 3);
}

// Logits of 1 and 2 where the first is right cost log(1 + e).
BOOST_AUTO_TEST_CASE(cross_entropies_over_very_many_samples) {
  const td::Index samples = 18'000'000;
  td::Matrix<float> z(2, samples);
  z.row(0).fill(1);
  z.row(1).fill(2);
  const double each = std::log1p(std::exp(1.0));
  const Real allowed = 4e-9 + eps<float> / 2;
  td::ParameterStore store;
  td::Memory memory;
  {
    const td::IndexMatrix labels(1, samples);
    td::Tape tape(store, memory);
    const double sum = td::cross_entropy(tape.borrow(z), tape.borrow(labels), td::batch_sum).item();
    BOOST_TEST(std::abs(sum / (each * static_cast<double>(samples)) - 1) <= allowed);
  }
  td::Matrix<float> t(2, samples);
  t.row(0).fill(1);
  td::Tape tape(store, memory);
  const double sum = td::soft_cross_entropy(tape.borrow(z), tape.borrow(t), td::batch_sum).item();
  BOOST_TEST(std::abs(sum / (each * static_cast<double>(samples)) - 1) <= allowed);
}

// Half of x is 999, half 1001. Rows of statistics, biases and gains too are sums over the batch.
BOOST_AUTO_TEST_CASE(statistics_over_very_many_floats) {
  td::Matrix<float> x = row_of(999);
  for (td::Index c = 0; c < many; c += 2) x[c] = 1001;
  td::ParameterStore store;
  const td::BatchNorm norm{store.scope("norm"), 1, {.epsilon = 1, .momentum = 1}};
  td::SGD optimizer{store, {.learning_rate = 0}};
  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Value y = norm(tape.borrow(x));
  const float h = std::sqrt(0.5F);  // the variance is 1, and so is epsilon
  BOOST_TEST(std::abs(y.matrix<float>()[0] - h) <= eps<float>);
  BOOST_TEST(std::abs(y.matrix<float>()[many - 1] + h) <= eps<float>);
  const td::Value first = td::sum(y, td::over_batch);
  const td::Value mean = td::mean(tape.borrow(x), td::over_batch);
  BOOST_TEST(std::abs(first.item()) <= 0.02);  // many eps of h
  BOOST_TEST(mean.item() == 1000);
  BOOST_TEST(td::sum(tape.borrow(x), td::over_batch).item() == 1000.0 * static_cast<double>(many));
  td::Matrix<float> ones = row_of(1);
  tape.backward({y, ones});
  BOOST_TEST(store.parameter("norm.bias").gradient<float>()[0] == static_cast<float>(many));
  optimizer.step();
  BOOST_TEST(store.buffer<float>("norm.running_mean")[0] == 1000);
  BOOST_TEST(std::abs(store.buffer<float>("norm.running_var")[0] - 1) <= eps<float>);
}

// --- Gradients of any size

namespace {

template <class T>
double gradient(SmallProblem& p, td::Parameter parameter) {
  return static_cast<double>(p.store.parameter(parameter).gradient<T>()[0]);
}

// A gradient of `size` in the four elements of the bias, and of minus half of it in the six of the weight.
template <class T>
void clips(double size, double max_norm) {
  SmallProblem p(td::scalar_of<T>);
  p.set_gradient(p.bias, size);
  p.set_gradient(p.weight, -size / 2);
  const Real bias = gradient<T>(p, p.bias);
  const Real weight = gradient<T>(p, p.weight);
  const Real norm = std::sqrt(4 * bias * bias + 6 * weight * weight);
  const Real factor = std::min(max_norm / (norm + 1e-6L), 1.0L);
  BOOST_TEST_CONTEXT("a gradient of " << size << ", at most " << max_norm) {
    const Real rounding = 4 * eps<double> * norm + std::numeric_limits<double>::denorm_min();
    BOOST_TEST(std::abs(td::clip_norm(p.store, max_norm) - norm) <= rounding);
    // The factor is rounded to T, and so is each product; below the normal numbers to a denormal one.
    const auto near = [](double got, Real wanted) {
      const Real tiny = std::numeric_limits<T>::denorm_min();
      return std::abs(got - wanted) <= (eps<T> + 8 * eps<double>)*std::abs(wanted) + 2 * tiny;
    };
    BOOST_TEST(near(gradient<T>(p, p.bias), bias * factor), gradient<T>(p, p.bias)
                                                                << " is not " << bias * factor);
    BOOST_TEST(near(gradient<T>(p, p.weight), weight * factor), gradient<T>(p, p.weight));
  }
}

}  // namespace

// The factor may be far below the smallest number of the scalar where what it gives is not.
BOOST_AUTO_TEST_CASE(norms_are_clipped_at_any_ratio) {
  for (const double size : {1e-45, 1e-40, 1e-30, 1.0, 1e30, 1e38}) {
    for (const double max_norm : {1e-300, 1e-44, 1e-37, 1e-20, 1e-8, 1e-3, 1.0, 1e10, 1e38, 1e300})
      clips<float>(size, max_norm);
  }
  for (const double size : {5e-324, 1e-310, 1e-30, 1.0, 1e30, 1e160, 1e300, 7e307}) {
    for (const double max_norm : {5e-324, 1e-310, 1e-300, 1e-20, 1e-8, 1.0, 1e10, 1e300})
      clips<double>(size, max_norm);
  }
}

// A very small gradient beside a very large one keeps what digits it has.
BOOST_AUTO_TEST_CASE(what_is_clipped_keeps_its_proportions) {
  SmallProblem p(td::f32);
  p.set_gradient(p.bias, 1e30);
  p.set_gradient(p.weight, 1e-5);
  td::clip_norm(p.store, 2e-10);  // by a factor of 1e-40, a denormal float of 5 digits
  BOOST_TEST(std::abs(gradient<float>(p, p.bias) / 1e-10 - 1) <= 2 * eps<float>);
  BOOST_TEST(std::abs(gradient<float>(p, p.weight) - 1e-45) <= std::numeric_limits<float>::denorm_min());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(values_are_clipped_at_any_size, T, Scalars) {
  const double most = std::numeric_limits<T>::max();
  const double least = std::numeric_limits<T>::min();
  for (const double limit : {least, 1e-10, 1.0, 1e10, most}) {
    for (const double size : {static_cast<double>(std::numeric_limits<T>::denorm_min()), 1e-30, 1.0, most}) {
      SmallProblem p(td::scalar_of<T>);
      p.set_gradient(p.bias, -size);
      td::clip_value(p.store, limit);
      const T wanted = std::min(static_cast<T>(size), static_cast<T>(limit));
      BOOST_TEST(gradient<T>(p, p.bias) == -static_cast<double>(wanted), size << " to " << limit);
    }
  }
}

// --- Squares of gradients in float

namespace {

// How far the weight went in the last of so many steps with the same gradient.
template <class Optimizer>
double last_step(td::Scalar scalar, double gradient, int steps, typename Optimizer::Options options = {}) {
  SmallProblem p(scalar);
  Optimizer optimizer{p.store, options};
  for (int i = 1; i < steps; ++i) p.step(optimizer, gradient, gradient);
  p.set_value(p.weight, 0);
  p.step(optimizer, gradient, gradient);
  return -p.value(p.weight, 0);
}

}  // namespace

// The largest float is 3.4e38. (1 - beta_2) g^2 reaches it at g = 5.8e20, and where v has become g^2,
// at 1.8e19.
BOOST_AUTO_TEST_CASE(adams_squares_overflow_where_they_are_said_to) {
  // v is rounded by an eps a step and remembers 1000 steps; beta_2, a float, is off by eps / 4, which is as
  // much a step. The step follows its root.
  const auto near = [](double step) {
    return std::abs(step / 1e-3 - 1) <= 1000 * 1.25 * eps<float> / 2 + 1e-5;
  };
  BOOST_TEST(near(last_step<td::Adam>(td::f32, 5.8e20, 1)));
  BOOST_TEST(last_step<td::Adam>(td::f32, 5.9e20, 1) == 0);
  BOOST_TEST(near(last_step<td::Adam>(td::f32, 1.8e19, 20'000)));
  BOOST_TEST(near(last_step<td::Adam>(td::f32, 1.9e19, 2'000)));
  BOOST_TEST(last_step<td::Adam>(td::f32, 1.9e19, 20'000) == 0);
  BOOST_TEST(near(last_step<td::AdamW>(td::f32, 5.8e20, 1)));
  BOOST_TEST(last_step<td::AdamW>(td::f32, 5.9e20, 1) == 0);
}

// A parameter whose mean square is infinite is left where it is, also by small gradients that follow.
BOOST_AUTO_TEST_CASE(adam_stands_still_once_a_square_overflowed) {
  SmallProblem p(td::f32);
  td::Adam adam{p.store};
  p.step(adam, 1e21, 1);
  for (int i = 0; i < 10; ++i) p.step(adam, 1, 1);
  BOOST_TEST(p.value(p.weight, 0) == 0);
  BOOST_TEST(std::abs(p.value(p.bias, 0) + 11e-3) <= 1e-7);
}

BOOST_AUTO_TEST_CASE(squares_of_its_kin_overflow_where_they_are_said_to) {
  BOOST_TEST(std::abs(last_step<td::Adagrad>(td::f32, 1.8e19, 1) / 0.01 - 1) <= 1e-5);
  BOOST_TEST(last_step<td::Adagrad>(td::f32, 1.9e19, 1) == 0);
  // The first step of RMSprop is rate / sqrt(1 - beta).
  BOOST_TEST(std::abs(last_step<td::RMSprop>(td::f32, 1.8e20, 1) / 0.1 - 1) <= 1e-5);
  BOOST_TEST(last_step<td::RMSprop>(td::f32, 1.9e20, 1) == 0);
}

// Squares below 1.4e-45 vanish in float. With epsilon of at least 1e-15 that is not seen: the root of what is
// lost of v, at most 1.4e-45 / (1 - beta_2), is below 1.2e-21.
BOOST_AUTO_TEST_CASE(squares_that_vanish_do_not_show) {
  for (const double epsilon : {1e-8, 1e-15}) {
    for (const double g : {1e-30, 1e-25, 1e-23, 1e-22, 1e-21, 1e-20, 1e-19, 1e-18, 1e-15, 1e-10, 1e-5}) {
      const auto check = [&]<class Optimizer>(const char* name, const Optimizer*) {
        const typename Optimizer::Options options{.learning_rate = 1, .epsilon = epsilon};
        for (const int steps : {1, 100}) {
          const double in_float = last_step<Optimizer>(td::f32, g, steps, options);
          const double in_double = last_step<Optimizer>(td::f64, g, steps, options);
          BOOST_TEST(std::abs(in_float / in_double - 1) <= 1e-5, name << ", g = " << g
                                                                      << ", epsilon = " << epsilon << ": "
                                                                      << in_float << " for " << in_double);
        }
      };
      check("Adam", static_cast<td::Adam*>(nullptr));
      check("AdamW", static_cast<td::AdamW*>(nullptr));
      check("RMSprop", static_cast<td::RMSprop*>(nullptr));
      check("Adagrad", static_cast<td::Adagrad*>(nullptr));
    }
  }
}

// --- Schedules of any length

BOOST_AUTO_TEST_CASE(schedules_of_very_many_steps) {
  const auto rate_after = [](const auto& make, int steps) {
    SmallProblem p;
    td::SGD optimizer{p.store, {.learning_rate = 0.5}};
    auto scheduler = make(optimizer);
    for (int i = 0; i < steps; ++i) scheduler.step();
    return optimizer.learning_rate();
  };
  const td::Index endless = td::Index{1} << 62U;
  // A step of 2^62 changes nothing that a double can hold; nothing wraps around.
  const auto cosine = [=](td::Optimizer& o) { return td::CosineWithWarmup{o, {.total = endless}}; };
  BOOST_TEST(rate_after(cosine, 1000) == 0.5);
  const auto warmup = [=](td::Optimizer& o) {
    return td::CosineWithWarmup{o, {.total = endless, .warmup = endless - 1, .start_factor = 0.5}};
  };
  BOOST_TEST(std::abs(rate_after(warmup, 1000) - 0.25) <= 1e-15);
  const auto cycle = [=](td::Optimizer& o) { return td::OneCycle{o, {.total = endless}}; };
  BOOST_TEST(std::abs(rate_after(cycle, 1000) - 0.02) <= 1e-15);
  // 0.5^2000 is 0 as a double, and a rate of 0 is one.
  const auto decay = [](td::Optimizer& o) { return td::ExponentialDecay{o, {.factor = 0.5}}; };
  BOOST_TEST(std::abs(rate_after(decay, 1000) / std::pow(0.5, 1001) - 1) <= 1e-12);
  BOOST_TEST(rate_after(decay, 2000) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
