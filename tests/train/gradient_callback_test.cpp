// Callback::on_gradient: between the gradient of a step and the step.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/complaint.hpp"
#include "support/threads.hpp"
#include "train/resume_fixture.hpp"
#include "train/trainer_fixtures.hpp"

namespace td = tapedeck;
using test::Classifier;
using test::complaint;
using test::contains;
using test::Line;
using test::line;
using test::nothing_pending;
using test::same_bits;
using test::same_state;
using test::Threads;

BOOST_AUTO_TEST_SUITE(train)
BOOST_AUTO_TEST_SUITE(gradient_callbacks)

namespace {

td::Callback on_gradient(std::function<void(const td::StepReport&)> function) {
  td::Callback callback;
  callback.on_gradient = std::move(function);
  return callback;
}

/// 50 samples in 4 batches, the last one of 2, and 2 steps.
td::FitOptions two_steps(std::vector<td::Callback> callbacks) {
  return {.batch_size = 16, .accumulate = 2, .callbacks = std::move(callbacks)};
}

}  // namespace

BOOST_AUTO_TEST_CASE(it_is_called_once_per_step_before_the_step) {
  Line problem;
  std::string calls;
  const auto named = [&](const std::string& name) {
    td::Callback callback{
        [&calls, name](td::EpochReport&) { calls += name + "! "; },
        [&calls, name](const td::StepReport& r) { calls += name + std::to_string(r.step) + "s "; }};
    callback.on_gradient = [&calls, name](const td::StepReport& r) {
      calls += name + std::to_string(r.step) + "g ";
    };
    callback.on_batch = [&calls, name] { calls += name + ". "; };
    return callback;
  };
  problem.trainer.fit(line(10), {.batch_size = 4, .accumulate = 2, .callbacks = {named("a"), named("b")}});
  BOOST_TEST(calls == "a. b. a0g b0g a0s b0s a. b. a1g b1g a1s b1s a. b. a! b! ");
}

BOOST_AUTO_TEST_CASE(it_is_told_what_on_step_is_told) {
  Line problem;
  std::vector<td::StepReport> before;
  std::vector<td::StepReport> after;
  td::Callback callback = on_gradient([&](const td::StepReport& r) { before.push_back(r); });
  callback.on_step = [&](const td::StepReport& r) { after.push_back(r); };
  problem.trainer.fit(line(10), {.epochs = 2, .batch_size = 4, .callbacks = {callback}});
  BOOST_TEST_REQUIRE(before.size() == 6U);
  BOOST_TEST_REQUIRE(after.size() == 6U);
  for (std::size_t i = 0; i < 6; ++i) {
    BOOST_TEST(before[i].epoch == after[i].epoch);
    BOOST_TEST(before[i].epochs == after[i].epochs);
    BOOST_TEST(before[i].step == after[i].step);
    BOOST_TEST(before[i].steps == after[i].steps);
    BOOST_TEST(before[i].loss == after[i].loss);
  }
}

// By hand: each batch is played back with its share of the step's samples as cotangent.
BOOST_AUTO_TEST_CASE(it_sees_the_gradient_of_all_batches_of_the_step_before_it_is_clipped) {
  const td::Dataset data = line(20);
  Line fitted;
  td::Memory memory;
  td::Index batch = 0;
  const auto check = [&](const td::StepReport&) {
    td::ParameterStore copy = fitted.store.copy();
    const td::Batches all = td::batches(data, {.size = 6, .shuffle = {2, 0}});
    const td::Index last = std::min<td::Index>(batch + 2, all.size());
    const double samples = batch == 0 ? 12 : 8;
    for (; batch < last; ++batch) {
      td::Tape tape{copy, memory};
      const td::Value loss = td::mse(fitted.layer(tape.gather(all[batch].x)), all[batch].y, td::batch_mean);
      const arma::mat share(1, 1, arma::fill::value(static_cast<double>(all[batch].size()) / samples));
      tape.backward({loss, share});
    }
    BOOST_TEST(same_bits(fitted.store.gradients().flat(), copy.gradients().flat()));
    BOOST_TEST(fitted.store.gradients().norm() > 0.1);
  };
  td::Callback callback = on_gradient(check);
  callback.on_step = [&](const td::StepReport&) {
    BOOST_TEST(std::abs(fitted.store.gradients().norm() / 1e-3 - 1) < 1e-2);
  };
  fitted.trainer.fit(data, {.batch_size = 6, .accumulate = 2, .clip_norm = 1e-3, .callbacks = {callback}});
  BOOST_TEST(batch == 4U);
}

// Half the gradient is half the step; a gradient that was not touched is none.
BOOST_AUTO_TEST_CASE(the_optimizer_steps_by_what_it_leaves) {
  const td::Dataset data = line(20);
  Line whole;
  Line halved;
  const td::FlatBuffer start = whole.store.values();
  halved.optimizer.set_learning_rate(0.2);
  const td::Callback halve = on_gradient([&](const td::StepReport&) { halved.store.gradients() *= 0.5; });
  whole.trainer.fit(data, {.epochs = 3, .batch_size = 5});
  halved.trainer.fit(data, {.epochs = 3, .batch_size = 5, .callbacks = {halve}});
  BOOST_TEST(same_bits(halved.store.values(), whole.store.values()));
  BOOST_TEST(!same_bits(halved.store.values(), start));

  Line replaced;
  const td::Callback replace = on_gradient([&](const td::StepReport&) {
    replaced.store.gradients().set(replaced.layer.weight(), arma::mat{{1, -2}});
  });
  replaced.optimizer.set_learning_rate(0.25);
  const arma::mat before = replaced.store.parameter("fc.weight").value<double>();
  replaced.trainer.fit(data, {.batch_size = 20, .callbacks = {replace}});
  const arma::mat& after = replaced.store.parameter("fc.weight").value<double>();
  BOOST_TEST(same_bits(after, arma::mat(before - 0.25 * arma::mat{{1, -2}})));
}

BOOST_AUTO_TEST_CASE(threads_do_not_change_its_bits) {
  const td::Dataset data = td::disk(100, 1);
  const auto fit = [&](td::Index threads, bool change) {
    const Threads set(threads);
    Classifier c;
    std::vector<double> norms;
    // Clips by layer, and adds noise of the norm's size to a bias.
    const td::Callback callback = on_gradient([&](const td::StepReport& r) {
      td::Gradients& gradients = c.store.gradients();
      norms.push_back(gradients.norm());
      if (!change) return;
      for (const td::ParameterView& p : c.store.parameters()) {
        arma::fmat g = p.gradient<float>();
        const float norm = arma::norm(g, "fro");
        if (norm > 0.125F) g *= 0.125F / norm;
        gradients.set(p.handle(), g);
      }
      arma::fmat bias = c.store.parameter("fc_2.bias").gradient<float>();
      bias[0] += static_cast<float>(norms.back() * td::Random{1}.normal(r.step, r.epoch));
      gradients.set(c.store.parameter("fc_2.bias").handle(), bias);
    });
    c.trainer.fit(data, {.epochs = 3, .batch_size = 40, .shard_size = 9, .callbacks = {callback}});
    return std::pair(norms, td::FlatBuffer(c.store.values()));
  };
  const auto [norms, values] = fit(1, true);
  BOOST_TEST(norms.size() == 9U);
  BOOST_TEST(!same_bits(fit(1, false).second, values));
  for (const td::Index threads : {1U, 2U, 4U}) {
    const auto [other_norms, other_values] = fit(threads, true);
    BOOST_TEST(other_norms == norms, boost::test_tools::per_element());
    BOOST_TEST(same_bits(other_values, values), threads << " threads");
  }
}

// The twin trains on the samples of the first of two steps alone.
void check_that_nothing_of_the_step_is_done(Classifier& c, Classifier& twin, const td::Dataset& data) {
  twin.trainer.fit(test::first(data, 32), {.batch_size = 16, .shuffle = false, .accumulate = 2});
  BOOST_TEST(same_state(c, twin));
  BOOST_TEST(test::same_entries(td::state_of(c.optimizer), td::state_of(twin.optimizer)));
  BOOST_TEST(nothing_pending(c));
  BOOST_TEST(c.trainer.fit(data, {.epochs = 2, .batch_size = 16}).size() == 2U);  // and goes on
}

BOOST_AUTO_TEST_CASE(if_it_throws_nothing_of_the_step_is_done) {
  const td::Dataset data = td::disk(50, 1);
  Classifier c;
  Classifier twin;
  td::FitOptions options = two_steps({on_gradient([&](const td::StepReport& r) {
    if (r.step == 1) throw std::runtime_error("enough");
  })});
  options.shuffle = false;
  BOOST_TEST(complaint<std::runtime_error>([&] { c.trainer.fit(data, options); }) == "enough");
  check_that_nothing_of_the_step_is_done(c, twin, data);
}

BOOST_AUTO_TEST_CASE(nan_and_inf_that_it_leaves_are_found) {
  const td::Dataset data = td::disk(50, 1);
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    for (const std::optional<double> clip_norm : {std::optional<double>{}, std::optional(1.0)}) {
      Classifier c;
      Classifier twin;
      td::FitOptions options = two_steps({on_gradient([&](const td::StepReport& r) {
        const td::Parameter bias = c.store.parameter("fc_2.bias").handle();
        if (r.step == 1) c.store.gradients().set(bias, arma::fmat(2, 1, arma::fill::value(bad)));
      })});
      options.shuffle = false;
      options.clip_norm = clip_norm;
      BOOST_TEST(complaint<td::NonFiniteError>([&] { c.trainer.fit(data, options); }) ==
                 "training, epoch 1, step 2: NaN or Inf in the gradient of \"fc_2.bias\" after on_gradient; "
                 "expected finite gradients (parameters and statistics are those of the last good step)");
      BOOST_TEST(nothing_pending(c));
      if (!clip_norm) check_that_nothing_of_the_step_is_done(c, twin, data);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_gradient_that_it_removes_is_no_step) {
  const td::Dataset data = td::disk(50, 1);
  Classifier c;
  const td::FlatBuffer before = c.store.values();
  const td::Callback remove = on_gradient([&](const td::StepReport&) { c.store.zero_grad(); });
  BOOST_TEST(contains(complaint<td::UsageError>([&] { c.trainer.fit(data, two_steps({remove})); }),
                      "a step without gradients"));
  BOOST_TEST(same_bits(c.store.values(), before));
}

// The state is that before the step, so a resumed fit makes the step; and it does not train the batch again.
BOOST_AUTO_TEST_CASE(a_state_that_it_takes_is_before_the_step) {
  const td::Dataset data = td::disk(50, 1);
  const auto fit = [&](test::Resumable& c, std::string& calls, std::optional<td::StateDict>* taken) {
    td::Callback callback = on_gradient([&](const td::StepReport& r) {
      calls += "g" + std::to_string(r.step);
      if (taken != nullptr && r.epoch == 1 && r.step == 1) *taken = td::state_of(c);
    });
    callback.on_step = [&](const td::StepReport& r) { calls += "s" + std::to_string(r.step); };
    callback.on_batch = [&] { calls += "."; };
    return c.trainer.fit(
        data, {.epochs = 3, .batch_size = 16, .accumulate = 2, .clip_norm = 0.1, .callbacks = {callback}});
  };
  std::string calls;
  std::optional<td::StateDict> taken;
  test::Resumable whole;
  const auto history = fit(whole, calls, &taken);
  BOOST_TEST(calls == ".g0s0..g1s1..g0s0..g1s1..g0s0..g1s1.");
  test::Resumable resumed;
  td::restore(resumed, *taken);
  BOOST_TEST(!resumed.store.gradients().empty());
  std::string calls_after;
  BOOST_TEST(test::same_reports(fit(resumed, calls_after, nullptr), history));
  BOOST_TEST(calls_after == "s1..g0s0..g1s1.");
  BOOST_TEST(test::same_entries(td::state_of(resumed), td::state_of(whole)));
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
