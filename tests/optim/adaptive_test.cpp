// Adam, AdamW, RMSprop and Adagrad, beyond what pytorch_test.cpp holds them to.
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <type_traits>
#include <variant>

#include "optim/small_problem.hpp"

using namespace optim_test;

BOOST_AUTO_TEST_SUITE(optim)
BOOST_AUTO_TEST_SUITE(adaptive)

namespace {

// After ten steps with the same gradient everywhere.
template <class Optimizer>
double after_ten(td::Scalar scalar, double gradient) {
  SmallProblem p(scalar);
  Optimizer optimizer{p.store};
  for (int i = 0; i < 10; ++i) p.step(optimizer, gradient, gradient);
  return p.value(p.weight, 3);
}

// Squares of floats below 1e-23 vanish; epsilon, which then decides, lies far above the gradient.
template <class Optimizer>
void check_tiny_gradients() {
  for (const double gradient : {1e-40, 1e-30, 1e-25, -1e-25, 1e-20, 1e-12, 1e-4, 1.0, 1e12}) {
    const double exact = after_ten<Optimizer>(td::f64, gradient);
    const double found = after_ten<Optimizer>(td::f32, gradient);
    BOOST_TEST_CONTEXT("gradient " << gradient << ": " << found << " in float, " << exact << " in double") {
      BOOST_TEST(exact * gradient < 0);
      BOOST_TEST(std::isfinite(found));
      const double tolerance = std::abs(gradient) < 1e-37 ? 0.01 : 1e-5;  // a denormal float has few digits
      BOOST_TEST(std::abs(found - exact) <= tolerance * std::abs(exact));
    }
  }
  BOOST_TEST(after_ten<Optimizer>(td::f32, 0) == 0);
  BOOST_TEST(after_ten<Optimizer>(td::f64, 0) == 0);
}

// Where gradients are 0 from the second step on, what is remembered goes to 0, and is denormal after no 32nd
// step.
template <class Optimizer>
void check_decay(td::Scalar scalar, const typename Optimizer::Options& options) {
  SmallProblem p(scalar);
  Optimizer optimizer{p.store, options};
  p.step(optimizer, 1, -0.5);
  long denormal = 0;
  long averages = 0;
  bool any = true;
  for (int step = 2; any && step < 10'000; ++step) {
    p.step(optimizer, 0, 0);
    if (step % 32 != 0) continue;
    any = false;
    const td::StateDict state = td::state_of(optimizer);
    for (const td::StateDict::Entry& entry : state.entries()) {
      const std::string kind = entry.name.substr(0, entry.name.find('/'));
      if (kind != "mean" && kind != "square" && kind != "velocity") continue;
      ++averages;
      std::visit(
          [&]<class T>(const td::Matrix<T>& m) {
            if constexpr (std::is_floating_point_v<T>) {
              for (const T x : m) {
                any = any || x != 0;
                denormal += x != 0 && std::abs(x) < std::numeric_limits<T>::min();
              }
            }
          },
          entry.value);
    }
  }
  BOOST_TEST(averages > 0);
  BOOST_TEST(!any);
  BOOST_TEST(denormal == 0);
}

template <class Optimizer, class Options = typename Optimizer::Options>
void check_common_options(const std::string& name, Options options) {
  SmallProblem p;
  const auto make = [&](double Options::*option, double value, td::Scalar scalar = td::f64) {
    SmallProblem problem(scalar);
    Options changed = options;
    changed.*option = value;
    Optimizer{problem.store, changed};
  };
  for (const double bad : {-1.0, not_a_number, infinity}) {
    BOOST_CHECK_EXCEPTION(make(&Options::learning_rate, bad), td::OptionError,
                          says({name + ": learning_rate = ", "expected a finite number, at least 0"}));
    BOOST_CHECK_EXCEPTION(make(&Options::weight_decay, bad), td::OptionError,
                          says({name + ": weight_decay = ", "expected a finite number, at least 0"}));
  }
  for (const double bad : {0.0, -1e-8, not_a_number, infinity}) {
    BOOST_CHECK_EXCEPTION(make(&Options::epsilon, bad), td::OptionError,
                          says({name + ": epsilon = ", "expected a finite number above 0"}));
  }
  make(&Options::epsilon, 1e-50);
  BOOST_CHECK_EXCEPTION(make(&Options::epsilon, 1e-50, td::f32), td::OptionError,
                        says({name + ": epsilon = 1e-50", "above 0, as a float"}));
}

template <class Optimizer, class Options = typename Optimizer::Options>
void check_memory_option(const std::string& name, const std::string& option, double Options::*member) {
  for (const double bad : {-0.1, 1.0, 1.5, not_a_number}) {
    SmallProblem p;
    Options options;
    options.*member = bad;
    BOOST_CHECK_EXCEPTION((Optimizer{p.store, options}), td::OptionError,
                          says({name + ": " + option + " = ", "expected 0 <= x < 1"}));
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_remembered_decays_to_zero) {
  for (const td::Scalar scalar : {td::f32, td::f64}) {
    check_decay<td::Adam>(scalar, {.beta_2 = 0.8});
    check_decay<td::AdamW>(scalar, {.beta_1 = 0, .beta_2 = 0.9});
    check_decay<td::RMSprop>(scalar, {.beta = 0.9});
    check_decay<td::RMSprop>(scalar, {.beta = 0.8, .momentum = 0.9, .centered = true});
    check_decay<td::SGD>(scalar, {.momentum = 0.9});
    check_decay<td::SGD>(scalar,
                         {.momentum = 0.9, .momentum_form = td::Momentum::rate_inside, .nesterov = true});
  }
}

BOOST_AUTO_TEST_CASE(adam_with_tiny_gradients) { check_tiny_gradients<td::Adam>(); }
BOOST_AUTO_TEST_CASE(adamw_with_tiny_gradients) { check_tiny_gradients<td::AdamW>(); }
BOOST_AUTO_TEST_CASE(rmsprop_with_tiny_gradients) { check_tiny_gradients<td::RMSprop>(); }
BOOST_AUTO_TEST_CASE(adagrad_with_tiny_gradients) { check_tiny_gradients<td::Adagrad>(); }

// With bias correction the first step of any parameter is the learning rate, however late it comes.
BOOST_AUTO_TEST_CASE(adam_corrects_each_parameter_by_its_own_count) {
  SmallProblem p;
  td::Adam adam{p.store, {.learning_rate = 0.25, .epsilon = 1e-12}};
  for (int i = 0; i < 20; ++i) {
    p.store.zero_grad();
    p.set_gradient(p.weight, 1);
    adam.step();
  }
  BOOST_TEST(p.value(p.bias, 0) == 0);
  p.step(adam, 1, -3);
  BOOST_TEST(std::abs(p.value(p.bias, 0) - 0.25) <= 1e-11);
  BOOST_TEST(std::abs(p.value(p.weight, 0) + 21 * 0.25) <= 1e-10);
}

// 1 - beta^t is near 0; if beta^t were rounded first, 1e-16 / 2e-7 of it would be missing.
BOOST_AUTO_TEST_CASE(adam_corrects_a_memory_of_any_length) {
  for (const double beta : {0.0, 0.5, 1 - 1e-7}) {
    SmallProblem p;
    td::Adam adam{p.store, {.learning_rate = 0.25, .beta_1 = beta, .beta_2 = beta, .epsilon = 1e-12}};
    for (int i = 1; i <= 3; ++i) {
      p.step(adam, 1, -1);
      BOOST_TEST(std::abs(p.value(p.weight, 0) + 0.25 * i) <= 1e-11, beta);
      BOOST_TEST(std::abs(p.value(p.bias, 0) - 0.25 * i) <= 1e-11, beta);
    }
  }
}

// The count belongs to the step, not to the parameter's place: many parameters go like one.
BOOST_AUTO_TEST_CASE(adam_treats_all_parameters_alike) {
  SmallProblem p;
  td::Adam adam{p.store};
  adam.group("biases", {.weight_decay = 0.5});
  for (int i = 1; i <= 10; ++i) p.step(adam, i, i);
  for (td::Index i = 0; i < 4; ++i) BOOST_TEST(p.value(p.bias, i) == p.value(p.weight, i));
}

BOOST_AUTO_TEST_CASE(adamw_shrinks_what_has_no_gradient_left) {
  SmallProblem p;
  p.set_value(p.weight, 2);
  td::AdamW adamw{p.store, {.learning_rate = 0.1, .weight_decay = 0.5}};
  p.step(adamw, 0, 0);
  BOOST_TEST(p.value(p.weight, 0) == 2 - 0.1 * 0.5 * 2);
}

// The variance of a constant gradient is zero, which rounding makes negative.
BOOST_AUTO_TEST_CASE(centered_rmsprop_survives_a_constant_gradient) {
  for (const td::Scalar scalar : {td::f32, td::f64}) {
    for (int k = 1; k <= 40; ++k) {
      SmallProblem p(scalar);
      td::RMSprop rmsprop{p.store, {.beta = 0.5, .centered = true}};
      for (int i = 0; i < 100; ++i) p.step(rmsprop, 0.01 * k, 0.01 * k);
      BOOST_TEST(std::isfinite(p.value(p.weight, 0)));
      BOOST_TEST(p.value(p.weight, 0) < 0);
    }
  }
}

BOOST_AUTO_TEST_CASE(bad_options_are_refused) {
  check_common_options<td::Adam>("Adam", {});
  check_common_options<td::AdamW>("AdamW", {});
  check_common_options<td::RMSprop>("RMSprop", {});
  check_common_options<td::Adagrad>("Adagrad", {});
  check_memory_option<td::Adam>("Adam", "beta_1", &td::Adam::Options::beta_1);
  check_memory_option<td::Adam>("Adam", "beta_2", &td::Adam::Options::beta_2);
  check_memory_option<td::AdamW>("AdamW", "beta_1", &td::AdamW::Options::beta_1);
  check_memory_option<td::AdamW>("AdamW", "beta_2", &td::AdamW::Options::beta_2);
  check_memory_option<td::RMSprop>("RMSprop", "beta", &td::RMSprop::Options::beta);
  check_memory_option<td::RMSprop>("RMSprop", "momentum", &td::RMSprop::Options::momentum);
  SmallProblem p;
  for (const double bad : {-1.0, not_a_number, infinity}) {
    BOOST_CHECK_EXCEPTION((td::Adagrad{p.store, {.learning_rate_decay = bad}}), td::OptionError,
                          says({"Adagrad: learning_rate_decay = ", "at least 0"}));
    BOOST_CHECK_EXCEPTION((td::Adagrad{p.store, {.initial_square = bad}}), td::OptionError,
                          says({"Adagrad: initial_square = ", "at least 0"}));
  }
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
