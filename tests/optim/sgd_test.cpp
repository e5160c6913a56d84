#include "tapedeck/optim/sgd.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <vector>

#include "optim/small_problem.hpp"

using namespace optim_test;

BOOST_AUTO_TEST_SUITE(optim)
BOOST_AUTO_TEST_SUITE(sgd)

namespace {

// The first weight after each of some steps with a gradient of 1, the rate being 0.1 and then, from the third
// on, 0.01.
std::vector<double> path(td::SGD::Options options, double start = 0) {
  SmallProblem p;
  p.set_value(p.weight, start);
  options.learning_rate = 0.1;
  td::SGD sgd{p.store, options};
  std::vector<double> values;
  for (int t = 1; t <= 3; ++t) {
    if (t == 3) sgd.set_learning_rate(0.01);
    p.step(sgd, 1, 0);
    values.push_back(p.value(p.weight, 0));
  }
  return values;
}

void check(const std::vector<double>& found, const std::vector<double>& wanted) {
  BOOST_TEST_REQUIRE(found.size() == wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) BOOST_TEST(std::abs(found[i] - wanted[i]) <= 1e-15);
}

}  // namespace

BOOST_AUTO_TEST_CASE(plain) { check(path({}), {-0.1, -0.2, -0.21}); }

// The two forms agree until the rate changes. Velocities: 1, 1.5, 1.75, and 0.1, 0.15, 0.075 + 0.01.
BOOST_AUTO_TEST_CASE(momentum_with_the_rate_outside) {
  check(path({.momentum = 0.5}), {-0.1, -0.25, -0.25 - 0.0175});
}
BOOST_AUTO_TEST_CASE(momentum_with_the_rate_inside) {
  check(path({.momentum = 0.5, .momentum_form = td::Momentum::rate_inside}), {-0.1, -0.25, -0.25 - 0.085});
}

// The step is u + v / 2 with the same velocities; u is 1, or the rate.
BOOST_AUTO_TEST_CASE(nesterov_with_the_rate_outside) {
  check(path({.momentum = 0.5, .nesterov = true}), {-0.15, -0.325, -0.325 - 0.01 * 1.875});
}
BOOST_AUTO_TEST_CASE(nesterov_with_the_rate_inside) {
  check(path({.momentum = 0.5, .momentum_form = td::Momentum::rate_inside, .nesterov = true}),
        {-0.15, -0.325, -0.325 - 0.0525});
}

// From w = 2, with decay 0.5. Coupled: the gradient is 1 + w / 2.
BOOST_AUTO_TEST_CASE(the_two_decays_are_the_same_without_momentum) {
  check(path({.weight_decay = 0.5}, 2), {1.8, 1.61, 1.59195});
  check(path({.weight_decay = 0.5, .decay = td::Decay::decoupled}, 2), {1.8, 1.61, 1.59195});
}
// Velocities 2, 1 + 1.9, 1.45 + 1.755.
BOOST_AUTO_TEST_CASE(coupled_decay_enters_the_velocity) {
  check(path({.momentum = 0.5, .weight_decay = 0.5}, 2), {1.8, 1.51, 1.51 - 0.01 * 3.205});
  check(path({.momentum = 0.5, .momentum_form = td::Momentum::rate_inside, .weight_decay = 0.5}, 2),
        {1.8, 1.51, 1.51 - (0.145 + 0.01755)});
}
// Velocities as without decay; beside them rate 0.5 w goes, of the old w: 0.1, 0.09, 0.0078.
BOOST_AUTO_TEST_CASE(decoupled_decay_does_not) {
  check(path({.momentum = 0.5, .weight_decay = 0.5, .decay = td::Decay::decoupled}, 2),
        {1.8, 1.56, 1.56 - 0.0175 - 0.0078});
  check(path({.momentum = 0.5,
              .momentum_form = td::Momentum::rate_inside,
              .weight_decay = 0.5,
              .decay = td::Decay::decoupled},
             2),
        {1.8, 1.56, 1.56 - 0.085 - 0.0078});
  check(path({.momentum = 0.5, .nesterov = true, .weight_decay = 0.5, .decay = td::Decay::decoupled}, 2),
        {1.75, 1.4875, 1.4875 - 0.01875 - 0.0074375});
}

BOOST_AUTO_TEST_CASE(bad_options_are_refused) {
  SmallProblem p;
  const auto make = [&](const td::SGD::Options& options) { td::SGD{p.store, options}; };
  BOOST_CHECK_EXCEPTION(make({.learning_rate = -1}), td::OptionError,
                        says({"SGD: learning_rate = -1", "a finite number, at least 0"}));
  BOOST_CHECK_EXCEPTION(make({.learning_rate = not_a_number}), td::OptionError,
                        says({"learning_rate = nan"}));
  BOOST_CHECK_EXCEPTION(make({.weight_decay = -0.5}), td::OptionError, says({"SGD: weight_decay = -0.5"}));
  BOOST_CHECK_EXCEPTION(make({.weight_decay = not_a_number}), td::OptionError, says({"weight_decay = nan"}));
  for (const double bad : {-0.1, 1.0, 1.5, not_a_number}) {
    BOOST_CHECK_EXCEPTION(make({.momentum = bad}), td::OptionError, says({"SGD: momentum = ", "0 <= x < 1"}));
  }
  BOOST_CHECK_EXCEPTION(make({.nesterov = true}), td::OptionError, says({"SGD: nesterov without momentum"}));
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
