#include "tapedeck/optim/reduce_on_plateau.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "optim/small_problem.hpp"

using namespace optim_test;

BOOST_AUTO_TEST_SUITE(optim)
BOOST_AUTO_TEST_SUITE(reduce_on_plateau)

namespace {

struct OnPlateau : SmallProblem {
  explicit OnPlateau(const td::ReduceOnPlateau::Options& options) : scheduler(optimizer, options) {}

  /// How many steps with this loss it takes until the rate is reduced; 0 if a hundred are not enough.
  int steps_until_reduced(double loss) {
    const double before = optimizer.learning_rate();
    for (int i = 1; i <= 100; ++i) {
      scheduler.step(loss);
      if (optimizer.learning_rate() < before) return i;
    }
    return 0;
  }

  td::SGD optimizer{store, {.learning_rate = 0.1}};
  td::ReduceOnPlateau scheduler;
};

}  // namespace

BOOST_AUTO_TEST_CASE(by_default_the_eleventh_bad_epoch_reduces_tenfold) {
  SmallProblem p;
  td::SGD optimizer{p.store, {.learning_rate = 0.1}};
  td::ReduceOnPlateau scheduler{optimizer};
  scheduler.step(1);
  for (int i = 0; i < 10; ++i) scheduler.step(1);
  BOOST_TEST(optimizer.learning_rate() == 0.1);
  scheduler.step(1);
  BOOST_TEST(std::abs(optimizer.learning_rate() - 0.01) <= 1e-17);
}

BOOST_AUTO_TEST_CASE(a_reduction_starts_the_count_anew) {
  OnPlateau p({.patience = 2, .factor = 0.5});
  p.scheduler.step(1);
  BOOST_TEST(p.steps_until_reduced(1) == 3);
  BOOST_TEST(p.steps_until_reduced(1) == 3);
  BOOST_TEST(p.optimizer.learning_rate() == 0.025);
}

BOOST_AUTO_TEST_CASE(an_improvement_starts_the_count_anew) {
  OnPlateau p({.patience = 2, .factor = 0.5});
  for (const double loss : {1.0, 1.0, 1.0, 0.9, 0.95, 1.2}) p.scheduler.step(loss);
  BOOST_TEST(p.optimizer.learning_rate() == 0.1);
  p.scheduler.step(1);
  BOOST_TEST(p.optimizer.learning_rate() == 0.05);
}

BOOST_AUTO_TEST_CASE(cooldown_delays_the_count) {
  OnPlateau p({.patience = 2, .factor = 0.5, .cooldown = 4});
  p.scheduler.step(1);
  BOOST_TEST(p.steps_until_reduced(1) == 3);
  BOOST_TEST(p.steps_until_reduced(1) == 7);
}

BOOST_AUTO_TEST_CASE(a_threshold_asks_for_a_margin_and_zero_for_none) {
  OnPlateau with({.patience = 0, .threshold = 0.1});
  with.scheduler.step(1);
  with.scheduler.step(0.91);
  BOOST_TEST(with.optimizer.learning_rate() < 0.1);
  OnPlateau without({.patience = 0, .threshold = 0});
  without.scheduler.step(1);
  without.scheduler.step(std::nextafter(1.0, 0.0));
  BOOST_TEST(without.optimizer.learning_rate() == 0.1);
  without.scheduler.step(std::nextafter(1.0, 0.0));
  BOOST_TEST(without.optimizer.learning_rate() < 0.1);
}

BOOST_AUTO_TEST_CASE(losses_may_be_negative_or_zero) {
  OnPlateau p({.patience = 3, .threshold = 0.1});
  p.scheduler.step(-1);
  BOOST_TEST(p.steps_until_reduced(-1.09) == 4);
  p.scheduler.step(-1.2);
  BOOST_TEST(p.steps_until_reduced(-1.2) == 4);
  OnPlateau q({.patience = 3});
  q.scheduler.step(0);
  BOOST_TEST(q.steps_until_reduced(0) == 4);
}

BOOST_AUTO_TEST_CASE(the_rate_stops_at_the_minimum_and_is_never_raised) {
  OnPlateau p({.patience = 0, .factor = 0.5, .min_learning_rate = 0.04});
  for (int i = 0; i < 10; ++i) p.scheduler.step(1);
  BOOST_TEST(p.optimizer.learning_rate() == 0.04);
  p.optimizer.set_learning_rate(0.001);
  p.scheduler.step(1);
  BOOST_TEST(p.optimizer.learning_rate() == 0.001);
}

BOOST_AUTO_TEST_CASE(a_loss_that_is_not_finite_is_refused_and_not_counted) {
  OnPlateau p({.patience = 1, .factor = 0.5});
  p.scheduler.step(1);
  p.scheduler.step(1);
  BOOST_CHECK_EXCEPTION(p.scheduler.step(not_a_number), td::NonFiniteError,
                        says({"ReduceOnPlateau: a loss of NaN", "a finite one"}));
  BOOST_CHECK_EXCEPTION(p.scheduler.step(infinity), td::NonFiniteError, says({"an infinite loss"}));
  BOOST_CHECK_THROW(p.scheduler.step(-infinity), td::NonFiniteError);
  BOOST_TEST(p.optimizer.learning_rate() == 0.1);
  p.scheduler.step(1);
  BOOST_TEST(p.optimizer.learning_rate() == 0.05);
}

BOOST_AUTO_TEST_CASE(bad_options_are_refused) {
  SmallProblem p;
  td::SGD optimizer{p.store};
  const auto refuse = [&](const td::ReduceOnPlateau::Options& options,
                          const std::vector<std::string>& parts) {
    BOOST_CHECK_EXCEPTION((td::ReduceOnPlateau{optimizer, options}), td::OptionError, says(parts));
  };
  for (const double bad : {0.0, 1.0, -0.5, 2.0, not_a_number})
    refuse({.factor = bad}, {"ReduceOnPlateau: factor = ", "0 < x < 1"});
  for (const double bad : {1.0, -0.5, not_a_number})
    refuse({.threshold = bad}, {"ReduceOnPlateau: threshold = ", "0 <= x < 1"});
  for (const double bad : {-1.0, not_a_number, infinity}) {
    refuse({.min_learning_rate = bad}, {"ReduceOnPlateau: min_learning_rate = ", "at least 0"});
  }
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
