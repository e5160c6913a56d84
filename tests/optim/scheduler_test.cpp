#include "tapedeck/optim/scheduler.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "optim/small_problem.hpp"
#include "tapedeck/optim/cosine_with_warmup.hpp"
#include "tapedeck/optim/exponential_decay.hpp"
#include "tapedeck/optim/one_cycle.hpp"
#include "tapedeck/optim/piecewise_schedules.hpp"

using namespace optim_test;

BOOST_AUTO_TEST_SUITE(optim)
BOOST_AUTO_TEST_SUITE(scheduler)

namespace {

struct Scheduled : SmallProblem {
  td::SGD optimizer{store, {.learning_rate = 0.1}};

  double rate() const { return optimizer.learning_rate(); }
  template <class Scheduler>
  void refuse(const typename Scheduler::Options& options, const std::vector<std::string>& parts) {
    BOOST_CHECK_EXCEPTION((Scheduler{optimizer, options}), td::OptionError, says(parts));
    BOOST_TEST(rate() == 0.1);
  }
};

void step(td::Scheduler& scheduler, int times) {
  for (int i = 0; i < times; ++i) scheduler.step();
}

bool near(double a, double b) { return std::abs(a - b) <= 1e-15; }

}  // namespace

BOOST_AUTO_TEST_CASE(a_rule_of_ones_own) {
  Scheduled s;
  td::Scheduler scheduler{s.optimizer,
                          [](double base, td::Index n) { return base / static_cast<double>(n + 1); }};
  BOOST_TEST(s.rate() == 0.1);
  step(scheduler, 4);
  BOOST_TEST(s.rate() == 0.1 / 5);
  BOOST_TEST(scheduler.count() == 4U);
  BOOST_TEST(scheduler.base_rate() == 0.1);
}

BOOST_AUTO_TEST_CASE(a_rule_that_gives_no_rate_is_refused_and_the_step_not_made) {
  Scheduled s;
  for (const double bad : {not_a_number, infinity, -1.0}) {
    td::Scheduler scheduler{s.optimizer, [bad](double base, td::Index n) { return n < 2 ? base : bad; }};
    scheduler.step();
    for (int i = 0; i < 2; ++i) {
      BOOST_CHECK_EXCEPTION(scheduler.step(), td::OptionError, says({"SGD: learning_rate = "}));
      BOOST_TEST(scheduler.count() == 1U);
      BOOST_TEST(s.rate() == 0.1);
    }
    BOOST_CHECK_THROW((td::Scheduler{s.optimizer, [bad](double, td::Index) { return bad; }}),
                      td::OptionError);
  }
}

BOOST_AUTO_TEST_CASE(an_empty_rule_is_refused) {
  Scheduled s;
  BOOST_CHECK_EXCEPTION(
      (td::Scheduler{s.optimizer, {}}), td::OptionError,
      says({"Scheduler: an empty rule; expected a function of the base rate and the step"}));
  BOOST_TEST(s.rate() == 0.1);
}

BOOST_AUTO_TEST_CASE(a_rule_that_throws_leaves_the_step_unmade) {
  Scheduled s;
  td::Scheduler scheduler{s.optimizer, [](double base, td::Index n) {
                            if (n == 2) throw std::runtime_error("no");
                            return base / static_cast<double>(n + 1);
                          }};
  scheduler.step();
  BOOST_CHECK_THROW(scheduler.step(), std::runtime_error);
  BOOST_TEST(scheduler.count() == 1U);
  BOOST_TEST(s.rate() == 0.05);
}

BOOST_AUTO_TEST_CASE(the_rate_follows_from_the_base_rate_alone) {
  Scheduled s;
  td::StepDecay scheduler{s.optimizer, {.every = 2}};
  scheduler.step();
  s.optimizer.set_learning_rate(5);
  scheduler.step();
  BOOST_TEST(near(s.rate(), 0.01));
}

BOOST_AUTO_TEST_CASE(of_two_the_last_to_step_wins) {
  Scheduled s;
  td::StepDecay first{s.optimizer, {.every = 1, .factor = 0.5}};
  td::ExponentialDecay second{s.optimizer, {.factor = 0.9}};
  first.step();
  second.step();
  BOOST_TEST(near(s.rate(), 0.09));
  first.step();
  BOOST_TEST(near(s.rate(), 0.025));
}

BOOST_AUTO_TEST_CASE(groups_keep_their_factors) {
  Scheduled s;
  s.optimizer.group("biases", {.learning_rate = 0.5});
  td::ExponentialDecay scheduler{s.optimizer, {.factor = 0.1}};
  scheduler.step();
  s.step(s.optimizer, 1, 1);
  BOOST_TEST(near(s.value(s.weight, 0), -0.01));
  BOOST_TEST(near(s.value(s.bias, 0), -0.005));
}

BOOST_AUTO_TEST_CASE(rates_by_epoch) {
  Scheduled s;
  td::PiecewiseRates scheduler{s.optimizer, {{100, 0.03}, {175, 0.01}}};
  std::vector<double> rates;
  for (int epoch = 0; epoch < 250; ++epoch) {
    rates.push_back(s.rate());
    scheduler.step();
  }
  BOOST_TEST(rates[0] == 0.1);
  BOOST_TEST(rates[99] == 0.1);
  BOOST_TEST(rates[100] == 0.03);
  BOOST_TEST(rates[174] == 0.03);
  BOOST_TEST(rates[175] == 0.01);
  BOOST_TEST(rates[249] == 0.01);
}

BOOST_AUTO_TEST_CASE(one_piece_and_none) {
  Scheduled s;
  td::PiecewiseRates one{s.optimizer, {{1, 0.03}}};
  one.step();
  BOOST_TEST(s.rate() == 0.03);
  td::PiecewiseRates none{s.optimizer, {}};
  none.step();
  BOOST_TEST(s.rate() == 0.03);
}

BOOST_AUTO_TEST_CASE(the_cosine_begins_at_the_base_rate_and_stays_at_its_minimum) {
  Scheduled s;
  td::CosineWithWarmup scheduler{s.optimizer, {.total = 10, .min_learning_rate = 0.02}};
  BOOST_TEST(near(s.rate(), 0.1));
  step(scheduler, 5);
  BOOST_TEST(near(s.rate(), 0.06));
  step(scheduler, 5);
  BOOST_TEST(near(s.rate(), 0.02));
  step(scheduler, 7);
  BOOST_TEST(near(s.rate(), 0.02));
}

BOOST_AUTO_TEST_CASE(warm_up_rises_from_its_start_to_the_base_rate) {
  Scheduled s;
  td::CosineWithWarmup scheduler{s.optimizer, {.total = 10, .warmup = 4, .start_factor = 0}};
  BOOST_TEST(s.rate() == 0);
  scheduler.step();
  BOOST_TEST(near(s.rate(), 0.025));
  step(scheduler, 3);
  BOOST_TEST(near(s.rate(), 0.1));
}

BOOST_AUTO_TEST_CASE(one_cycle_peaks_at_the_base_rate_and_stays_at_its_end) {
  Scheduled s;
  td::OneCycle scheduler{s.optimizer, {.total = 100}};
  BOOST_TEST(near(s.rate(), 0.004));
  step(scheduler, 29);
  BOOST_TEST(near(s.rate(), 0.1));
  step(scheduler, 70);
  BOOST_TEST(near(s.rate(), 4e-7));
  step(scheduler, 20);
  BOOST_TEST(near(s.rate(), 4e-7));
}

BOOST_AUTO_TEST_CASE(bad_options_are_refused) {
  Scheduled s;
  s.refuse<td::StepDecay>({}, {"StepDecay: every = 0", "expected at least 1"});
  s.refuse<td::MultiStepDecay>({.milestones = {0, 3}},
                               {"MultiStepDecay: milestone = 0", "increasing numbers, from 1"});
  s.refuse<td::MultiStepDecay>({.milestones = {3, 3}}, {"MultiStepDecay: milestone = 3", "increasing"});
  s.refuse<td::MultiStepDecay>({.milestones = {3, 2}}, {"MultiStepDecay: milestone = 2", "increasing"});
  for (const double bad : {0.0, -0.5, not_a_number, infinity}) {
    s.refuse<td::StepDecay>({.every = 1, .factor = bad}, {"StepDecay: factor = ", "above 0"});
    s.refuse<td::MultiStepDecay>({.factor = bad}, {"MultiStepDecay: factor = ", "above 0"});
    s.refuse<td::ExponentialDecay>({.factor = bad}, {"ExponentialDecay: factor = ", "above 0"});
  }
  s.refuse<td::CosineWithWarmup>({}, {"CosineWithWarmup: total = 0", "expected above warmup"});
  s.refuse<td::CosineWithWarmup>({.total = 5, .warmup = 5}, {"total = 5", "above warmup"});
  for (const double bad : {-0.1, 1.1, not_a_number}) {
    s.refuse<td::CosineWithWarmup>({.total = 5, .start_factor = bad}, {"start_factor = ", "0 <= x <= 1"});
    s.refuse<td::CosineWithWarmup>({.total = 5, .min_learning_rate = bad},
                                   {"min_learning_rate = ", "from 0 to the optimizer's learning rate"});
  }
  s.refuse<td::OneCycle>({}, {"OneCycle: total = 0", "above 1 / rise"});
  s.refuse<td::OneCycle>({.total = 2, .rise = 0.5}, {"OneCycle: total = 2", "above 1 / rise"});
  for (const double bad : {0.0, 1.0, -0.1, not_a_number}) {
    s.refuse<td::OneCycle>({.total = 9, .rise = bad}, {"OneCycle: rise = ", "0 < x < 1"});
  }
  for (const double bad : {0.5, -1.0, not_a_number, infinity}) {
    s.refuse<td::OneCycle>({.total = 9, .start_divisor = bad}, {"OneCycle: start_divisor = ", "at least 1"});
    s.refuse<td::OneCycle>({.total = 9, .end_divisor = bad}, {"OneCycle: end_divisor = ", "at least 1"});
  }
}

BOOST_AUTO_TEST_CASE(bad_pieces_are_refused) {
  Scheduled s;
  const auto refuse = [&](const std::vector<td::PiecewiseRates::Piece>& pieces,
                          const std::vector<std::string>& parts) {
    BOOST_CHECK_EXCEPTION((td::PiecewiseRates{s.optimizer, pieces}), td::OptionError, says(parts));
  };
  refuse({{0, 0.1}}, {"PiecewiseRates: from = 0", "increasing numbers, from 1 on"});
  refuse({{5, 0.1}, {5, 0.2}}, {"PiecewiseRates: from = 5"});
  for (const double bad : {-0.1, not_a_number, infinity}) {
    refuse({{5, 0.1}, {6, bad}}, {"PiecewiseRates: learning_rate = ", "at least 0"});
  }
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
