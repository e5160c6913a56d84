#include "tapedeck/train/trainer.hpp"

#include <algorithm>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/complaint.hpp"
#include "train/trainer_fixtures.hpp"

namespace td = tapedeck;
using test::Classifier;
using test::complaint;
using test::contains;
using test::first;
using test::fit_by_hand;
using test::line;
using test::Line;
using test::same_bits;
using test::same_state;

BOOST_AUTO_TEST_SUITE(train)
BOOST_AUTO_TEST_SUITE(trainer)

// What it does.

BOOST_AUTO_TEST_CASE(fit_and_predict_in_a_line_each) {
  Line problem;
  const td::Dataset data = line(100);
  const auto history = problem.trainer.fit(data, {.epochs = 300, .batch_size = 8});
  const arma::mat y = problem.trainer.predict(data.x<double>());
  BOOST_TEST(history.size() == 300U);
  BOOST_TEST(history.back().loss < 1e-6 * history.front().loss);
  BOOST_TEST(arma::abs(y - data.y<double>()).max() < 1e-3);
}

BOOST_AUTO_TEST_CASE(every_nth_epoch_is_logged) {
  Line problem;
  std::ostringstream out;
  const auto history = problem.trainer.fit(line(10), {.epochs = 7, .callbacks = {td::log_every(3, out)}});
  std::ostringstream expected;
  expected.precision(4);
  for (const int epoch : {1, 3, 6, 7}) {
    expected << "epoch " << epoch << "/7  loss " << history[static_cast<std::size_t>(epoch - 1)].loss << '\n';
  }
  BOOST_TEST(out.str() == expected.str());
}

BOOST_AUTO_TEST_CASE(it_is_the_loop_that_one_would_write) {
  const td::Dataset in_double = td::disk(50, 1);
  for (const td::Scalar of_data : {td::f32, td::f64}) {
    const td::Dataset data = in_double.converted(of_data);
    for (const td::Scalar scalar : {td::f32, td::f64}) {
      Classifier fitted{3, scalar};
      Classifier by_hand{3, scalar};
      const auto history = fitted.trainer.fit(data, {.epochs = 3, .batch_size = 16});  // the last batch is 2
      const auto losses = fit_by_hand(by_hand, data, 3, 16);
      BOOST_TEST(same_state(fitted, by_hand));
      BOOST_TEST_REQUIRE(history.size() == 3U);
      for (std::size_t i = 0; i < 3; ++i) BOOST_TEST(history[i].loss == losses[i]);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_smaller_last_batch_is_left_out_when_asked) {
  const td::Dataset data = td::disk(50, 1).converted(td::f32);
  Classifier fitted{3};
  Classifier by_hand{3};
  int steps = 0;
  const td::Callback count({}, [&](const td::StepReport& report) {
    ++steps;
    BOOST_TEST(report.steps == 3U);
  });
  const auto history =
      fitted.trainer.fit(data, {.epochs = 3, .batch_size = 16, .drop_last = true, .callbacks = {count}});
  const auto losses = fit_by_hand(by_hand, data, 3, 16, 1000, true);
  BOOST_TEST(steps == 9);
  BOOST_TEST(same_state(fitted, by_hand));
  for (std::size_t i = 0; i < 3; ++i) BOOST_TEST(history[i].loss == losses[i]);
  // Without the option the last batch of 49 samples is one sample, which BatchNorm refuses.
  const td::Dataset odd = td::disk(49, 1).converted(td::f32);
  Classifier one_left{3};
  BOOST_CHECK_THROW(one_left.trainer.fit(odd, {.batch_size = 16}), td::Error);
  BOOST_CHECK_NO_THROW(one_left.trainer.fit(odd, {.batch_size = 16, .drop_last = true}));
  BOOST_CHECK_THROW(one_left.trainer.fit(odd, {.batch_size = 50, .drop_last = true}), td::OptionError);
}

BOOST_AUTO_TEST_CASE(targets_are_converted_too) {
  const td::Dataset data = line(20);
  Line one{td::f32};
  Line two{td::f32};
  one.trainer.fit(data, {.epochs = 2, .batch_size = 8});
  two.trainer.fit(data.converted(td::f32), {.epochs = 2, .batch_size = 8});
  BOOST_TEST(same_bits(one.store.values(), two.store.values()));
}

// Before training a pass for the first batch and one for the last, of the data and of the validation data,
// whatever their number: 10 batches of data and 5 of validation data, of 1024.
BOOST_AUTO_TEST_CASE(data_are_checked_by_few_passes) {
  Line problem;
  std::atomic<int> passes = 0;
  const td::Sequential model{[&](const td::Value& x) {
                               ++passes;
                               return x;
                             },
                             problem.layer};
  td::Trainer trainer{problem.store, model, problem.optimizer, td::MSELoss{td::batch_mean}};
  const td::Dataset data = line(100);
  const td::Dataset validation = line(5000);
  std::vector<int> before_step;
  td::Callback count;
  count.on_gradient = [&](const td::StepReport&) { before_step.push_back(passes); };
  trainer.fit(data, {.epochs = 2, .batch_size = 10, .validation = &validation, .callbacks = {count}});
  BOOST_TEST_REQUIRE(before_step.size() == 20U);
  BOOST_TEST(before_step.front() == 2 + 2 + 1);
  BOOST_TEST(passes == 2 + 2 + 2 * (10 + 5));
  passes = 0;
  trainer.fit(first(data, 10), {.batch_size = 10});  // the first batch is the last
  BOOST_TEST(passes == 1 + 1);
}

// Contiguous columns of the store's scalar are used where they are, so every pass sees the same addresses.
BOOST_AUTO_TEST_CASE(data_are_converted_once) {
  Line problem{td::f32};
  std::set<const float*> seen;
  const td::Sequential model{[&](const td::Value& x) {
                               seen.insert(x.matrix<float>().memptr());
                               return x;
                             },
                             problem.layer};
  td::Trainer trainer{problem.store, model, problem.optimizer, td::MSELoss{td::batch_mean}};
  const td::Dataset data = line(100);
  const td::Dataset validation = line(50);
  trainer.fit(data, {.epochs = 3, .batch_size = 100, .shuffle = false, .validation = &validation});
  BOOST_TEST(seen.size() == 2U);
}

BOOST_AUTO_TEST_CASE(without_shuffling_the_order_is_kept) {
  const td::Dataset data = td::disk(40, 1);
  std::vector<td::Index> backwards;
  for (td::Index i = 40; i-- > 0;) backwards.push_back(i);
  Classifier kept;
  Classifier reversed;
  Classifier shuffled;
  kept.trainer.fit(data, {.batch_size = 10, .shuffle = false});
  reversed.trainer.fit(data.subset(backwards), {.batch_size = 10, .shuffle = false});
  shuffled.trainer.fit(data, {.batch_size = 10});
  BOOST_TEST(!same_state(kept, reversed));
  BOOST_TEST(!same_state(kept, shuffled));

  Classifier by_hand;
  td::Memory memory;
  std::uint64_t step = 0;
  for (const td::Batch& batch : td::batches(data, {.size = 10})) {
    td::Tape tape{by_hand.store, memory, {.step = step++}};
    by_hand.store.zero_grad();
    tape.backward(td::cross_entropy(by_hand.model(tape.gather(batch.x)), batch.y, td::batch_mean));
    by_hand.optimizer.step();
  }
  BOOST_TEST(same_state(kept, by_hand));
}

BOOST_AUTO_TEST_CASE(equal_runs_give_equal_bits) {
  const td::Dataset data = td::disk(50, 1);
  const td::FitOptions options{.epochs = 5, .batch_size = 16};
  Classifier one;
  Classifier two;
  Classifier other{4};
  for (Classifier* c : {&one, &two, &other}) c->trainer.fit(data, options);
  BOOST_TEST(same_state(one, two));
  BOOST_TEST(!same_state(one, other));
}

BOOST_AUTO_TEST_CASE(a_second_fit_goes_on_where_the_first_ended) {
  const td::Dataset data = td::disk(50, 1);
  Classifier at_once;
  Classifier in_parts;
  at_once.trainer.fit(data, {.epochs = 5, .batch_size = 16});
  in_parts.trainer.fit(data, {.epochs = 2, .batch_size = 16});
  in_parts.trainer.fit(data, {.epochs = 3, .batch_size = 16});
  BOOST_TEST(same_state(at_once, in_parts));
}

BOOST_AUTO_TEST_CASE(gradients_are_clipped_before_each_step) {
  const td::Dataset data = line(20);
  const double limit = 0.25;
  Line fitted;
  Line by_hand;
  Line unclipped;
  fitted.trainer.fit(data, {.epochs = 2, .batch_size = 10, .clip_norm = limit});
  unclipped.trainer.fit(data, {.epochs = 2, .batch_size = 10});
  td::Memory memory;
  for (int epoch = 0; epoch < 2; ++epoch) {
    for (const td::Batch& batch : td::batches(data, {.size = 10, .shuffle = {2, epoch}})) {
      td::Tape tape{by_hand.store, memory};
      by_hand.store.zero_grad();
      tape.backward(td::mse(by_hand.layer(tape.gather(batch.x)), batch.y, td::batch_mean));
      td::clip_norm(by_hand.store, limit);
      by_hand.optimizer.step();
    }
  }
  BOOST_TEST(same_bits(fitted.store.values(), by_hand.store.values()));
  BOOST_TEST(!same_bits(fitted.store.values(), unclipped.store.values()));
}

// A gradient is a mean over n samples of terms that either way are made by at most 10 roundings; adding them
// in another order differs by at most n roundings more of the sum of their sizes. The latter comes from one
// sample at a time.
BOOST_AUTO_TEST_CASE(accumulated_batches_and_shards_are_one_larger_batch) {
  for (const td::Index samples : {12U, 10U, 9U}) {  // the last batch of four is full, half full, of one
    const td::Dataset data = line(samples);
    Line large;
    Line accumulated;
    Line sharded;
    large.trainer.fit(data, {.batch_size = 12, .shuffle = false});
    const auto history = accumulated.trainer.fit(data, {.batch_size = 4, .shuffle = false, .accumulate = 3});
    sharded.trainer.fit(data, {.batch_size = 12, .shuffle = false, .shard_size = 4});

    Line sizes;
    td::Memory memory;
    const double n = static_cast<double>(samples);
    for (const char* p : {"fc.weight", "fc.bias"}) {
      arma::mat size = arma::abs(sizes.store.parameter(p).value<double>()) * 0;
      for (const td::Batch& sample : td::batches(data, {.size = 1})) {
        td::Tape tape{sizes.store, memory};
        sizes.store.zero_grad();
        tape.backward(td::mse(sizes.layer(tape.gather(sample.x)), sample.y, td::batch_mean));
        size += arma::abs(sizes.store.parameter(p).gradient<double>()) / n;
      }
      for (Line* other : {&accumulated, &sharded}) {
        const arma::mat difference = arma::abs(large.store.parameter(p).gradient<double>() -
                                               other->store.parameter(p).gradient<double>());
        BOOST_TEST(arma::all(arma::vectorise(difference <= 2 * (n + 10) * 0x1p-53 * size)),
                   samples << " samples");
      }
      BOOST_TEST(size.min() > 0.01);
    }
    BOOST_TEST(history.size() == 1U);
  }
}

BOOST_AUTO_TEST_CASE(accumulating_more_batches_than_there_are_is_one_step) {
  const td::Dataset data = line(10);
  for (const td::Index more : {td::Index{5}, td::Index(0) - 1}) {
    Line all;
    Line problem;
    all.trainer.fit(data, {.epochs = 2, .batch_size = 4, .accumulate = 3});
    problem.trainer.fit(data, {.epochs = 2, .batch_size = 4, .accumulate = more});
    BOOST_TEST(same_bits(problem.store.values(), all.store.values()));
  }
}

BOOST_AUTO_TEST_CASE(accumulating_takes_fewer_steps) {
  Line problem;
  std::vector<td::Index> steps;
  const td::Callback count{{}, [&](const td::StepReport& report) {
                             steps.push_back(report.step);
                             BOOST_TEST(report.steps == 2U);
                           }};
  problem.trainer.fit(line(17), {.batch_size = 4, .accumulate = 3, .callbacks = {count}});
  BOOST_TEST(steps == (std::vector<td::Index>{0, 1}), boost::test_tools::per_element());
}

// Callbacks.

BOOST_AUTO_TEST_CASE(callbacks_are_called_in_order) {
  Line problem;
  std::string calls;
  const auto named = [&](const std::string& name) {
    return td::Callback{[&calls, name](td::EpochReport&) { calls += name + "! "; },
                        [&calls, name](const td::StepReport&) { calls += name + " "; }};
  };
  problem.trainer.fit(line(10), {.epochs = 2, .batch_size = 5, .callbacks = {named("a"), named("b")}});
  BOOST_TEST(calls == "a b a b a! b! a b a b a! b! ");
}

BOOST_AUTO_TEST_CASE(reports_say_what_happened) {
  Line problem;
  const td::Dataset data = line(10);
  std::vector<td::StepReport> steps;
  td::Callback remember{
      [&](td::EpochReport& report) { problem.optimizer.set_learning_rate(report.learning_rate / 2); },
      [&](const td::StepReport& report) { steps.push_back(report); }};
  const auto history =
      problem.trainer.fit(data, {.epochs = 2, .batch_size = 4, .validation = &data, .callbacks = {remember}});
  BOOST_TEST_REQUIRE(history.size() == 2U);
  BOOST_TEST_REQUIRE(steps.size() == 6U);
  for (std::size_t i = 0; i < 6; ++i) {
    BOOST_TEST(steps[i].epoch == i / 3);
    BOOST_TEST(steps[i].epochs == 2U);
    BOOST_TEST(steps[i].step == i % 3);
    BOOST_TEST(steps[i].steps == 3U);
  }
  for (std::size_t i = 0; i < 2; ++i) {
    BOOST_TEST(history[i].epoch == i);
    BOOST_TEST(history[i].epochs == 2U);
    BOOST_TEST(history[i].learning_rate == 0.1 / static_cast<double>(i + 1));
    BOOST_TEST(history[i].seconds >= 0);
    BOOST_TEST(!history[i].stop);
    const double mean = (steps[3 * i].loss * 4 + steps[3 * i + 1].loss * 4 + steps[3 * i + 2].loss * 2) / 10;
    BOOST_TEST(std::abs(history[i].loss / mean - 1) < 1e-15);
  }
  BOOST_TEST(*history[1].validation_loss == problem.trainer.evaluate(data));
  BOOST_TEST(*history[0].validation_loss > *history[1].validation_loss);
}

BOOST_AUTO_TEST_CASE(a_callback_can_stop_training) {
  Line problem;
  int later = 0;
  const auto history = problem.trainer.fit(
      line(10), {.epochs = 9,
                 .callbacks = {[](td::EpochReport& report) { report.stop = report.epoch == 2; },
                               [&](td::EpochReport&) { ++later; }}});
  BOOST_TEST(history.size() == 3U);
  BOOST_TEST(history.back().stop);
  BOOST_TEST(later == 3);
}

BOOST_AUTO_TEST_CASE(what_a_callback_throws_passes_through_and_training_can_go_on) {
  const td::Dataset data = td::disk(50, 1);
  Classifier c;
  Classifier twin;
  const auto fail = [](td::EpochReport& report) {
    if (report.epoch == 1) throw std::runtime_error("disk full");
  };
  BOOST_TEST(complaint<std::runtime_error>([&] {
               c.trainer.fit(data, {.epochs = 5, .batch_size = 16, .callbacks = {fail}});
             }) == "disk full");
  twin.trainer.fit(data, {.epochs = 2, .batch_size = 16});
  for (Classifier* each : {&c, &twin}) each->trainer.fit(data, {.epochs = 2, .batch_size = 16});
  BOOST_TEST(same_state(c, twin));
}

BOOST_AUTO_TEST_CASE(callbacks_may_be_empty) {
  Line problem;
  const td::Callback nothing{{}, {}};
  BOOST_TEST(problem.trainer.fit(line(10), {.callbacks = {nothing}}).size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_loss_of_another_tape_is_refused) {
  Line problem;
  td::Memory memory;
  td::Tape other{problem.store, memory};
  const td::Value elsewhere = other.input(arma::mat(1, 1));
  problem.trainer.set_loss([&](const td::Value&, const td::Operand&) { return elsewhere; });
  const std::string said = complaint<td::HandleError>([&] { problem.trainer.fit(line(10), {}); });
  BOOST_TEST(contains(said, "Trainer: the loss: gave a Value of another tape"), said);
  BOOST_CHECK_THROW(problem.trainer.evaluate(line(10)), td::HandleError);
}

// Evaluation.

BOOST_AUTO_TEST_CASE(evaluate_is_the_mean_loss_in_evaluate_mode) {
  Classifier c;
  const td::Dataset data = td::disk(2500, 1);
  c.trainer.fit(first(data, 100), {.epochs = 2});
  const td::FlatBuffer buffers = c.store.buffers();
  const td::Dataset small = first(data, 1000);
  td::Memory memory;
  const auto loss_of = [&](const td::Batch& batch) {
    td::Tape tape{c.store, memory, td::evaluate};
    return td::cross_entropy(c.model(tape.gather(batch.x)), batch.y, td::batch_mean).item();
  };
  BOOST_TEST(c.trainer.evaluate(small.converted(td::f32)) == loss_of(small.all()));
  BOOST_TEST(c.trainer.evaluate(small) == loss_of(small.all()));
  // 2500 losses are added in double, and each mean is rounded to float once.
  BOOST_TEST(std::abs(c.trainer.evaluate(data) / loss_of(data.all()) - 1) < 2 * 0x1p-24);
  BOOST_TEST(same_bits(c.store.buffers(), buffers));
  BOOST_CHECK_THROW(c.trainer.evaluate(first(data, 0)), td::ShapeError);
  c.trainer.set_loss({});
  BOOST_TEST(complaint<td::UsageError>([&] { c.trainer.evaluate(data); }) ==
             "Trainer::evaluate: no loss; expected a loss (trainer.set_loss(td::MSELoss{td::batch_mean}))");
}

// An op names a label by its column among the 1024 that are evaluated at a time.
BOOST_AUTO_TEST_CASE(evaluate_names_a_bad_label_by_its_sample) {
  Classifier c;
  const td::Dataset data = td::disk(1500, 1);
  td::IndexMatrix labels = data.labels();
  labels[1400] = 2;
  labels[1450] = 5;  // the greatest
  const td::Dataset bad{data.x(), labels};
  BOOST_TEST(complaint<td::LabelError>([&] { c.trainer.evaluate(bad); }) ==
             "cross_entropy: label 5 of sample 1450; expected less than 2, the number of classes (labels are "
             "counted from 0)");
  const td::LabelError own({.who = "mine", .given = "label 0"});
  c.trainer.set_loss([&](const td::Value&, const td::Operand&) -> td::Value { throw own; });
  BOOST_TEST(complaint<td::LabelError>([&] { c.trainer.evaluate(bad); }) == "mine: label 0");
}

BOOST_AUTO_TEST_CASE(validation_changes_nothing) {
  const td::Dataset data = td::disk(50, 1);
  const td::Dataset more = td::disk(1500, 2);
  Classifier with;
  Classifier without;
  const auto history = with.trainer.fit(data, {.epochs = 2, .validation = &more});
  without.trainer.fit(data, {.epochs = 2});
  BOOST_TEST(same_state(with, without));
  BOOST_TEST(*history.back().validation_loss == with.trainer.evaluate(more));
}

// Early stopping.

/// Fits until the rate is raised at epoch 4 and all goes wrong, and checks that the best epoch comes back.
void check_early_stopping(const td::Dataset* validation, td::EarlyStopping rule, td::Index epochs) {
  Classifier c;
  const td::Dataset data = td::disk(100, 1);
  std::vector<td::FlatBuffer> values;
  std::vector<td::FlatBuffer> buffers;
  const auto spoil = [&](td::EpochReport& report) {
    values.push_back(c.store.values());
    buffers.push_back(c.store.buffers());
    if (report.epoch == 4) c.optimizer.set_learning_rate(3);
  };
  const auto history = c.trainer.fit(
      data, {.epochs = epochs, .validation = validation, .early_stopping = rule, .callbacks = {spoil}});
  std::size_t best = 0;
  const auto loss = [&](std::size_t i) { return validation ? *history[i].validation_loss : history[i].loss; };
  for (std::size_t i = 1; i < history.size(); ++i) {
    if (loss(i) < loss(best) - rule.least_improvement) best = i;
  }
  BOOST_TEST(history.size() == std::min(epochs, best + 1 + rule.patience));
  BOOST_TEST(history.back().stop == (history.size() == best + 1 + rule.patience));
  BOOST_TEST(best + 1 < history.size());
  BOOST_TEST(same_bits(c.store.values(), values[best]));
  BOOST_TEST(same_bits(c.store.buffers(), buffers[best]));
  BOOST_TEST(!same_bits(c.store.values(), values.back()));
}

BOOST_AUTO_TEST_CASE(early_stopping_puts_back_the_best_epoch) {
  const td::Dataset validation = td::disk(200, 2);
  check_early_stopping(&validation, {.patience = 3}, 100);
  check_early_stopping(&validation, {.patience = 1}, 100);
  check_early_stopping(&validation, {.patience = 3, .least_improvement = 0.01}, 100);
  check_early_stopping(nullptr, {.patience = 3}, 100);
}

BOOST_AUTO_TEST_CASE(the_best_epoch_comes_back_when_epochs_run_out_too) {
  const td::Dataset validation = td::disk(200, 2);
  check_early_stopping(&validation, {.patience = 50}, 8);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
