#include <boost/test/unit_test.hpp>
#include <functional>
#include <limits>
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
using test::nothing_pending;
using test::same_bits;
using test::same_state;
using test::with;

BOOST_AUTO_TEST_SUITE(train)
BOOST_AUTO_TEST_SUITE(trainer_errors)

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

td::Dataset with_label(td::Dataset data, td::Index sample, td::Index label) {
  td::IndexMatrix y = data.labels();
  y[sample] = label;
  return {data.x(), y};
}

}  // namespace

// What is refused.

struct Refusal {
  std::string name;
  std::function<void(Classifier&, const td::Dataset&)> fit;
  std::string expected;
};

/// A call of fit with these options, which may refer to the data.
Refusal option(const std::string& name, td::FitOptions options, const std::string& expected) {
  return {name, [options](Classifier& c, const td::Dataset& data) { c.trainer.fit(data, options); },
          expected};
}

/// A call of fit on data made from good data.
Refusal bad_data(const std::string& name, std::function<td::Dataset(const td::Dataset&)> make,
                 const std::string& expected) {
  return {name,
          [make](Classifier& c, const td::Dataset& data) { c.trainer.fit(make(data), {.batch_size = 16}); },
          expected};
}
Refusal bad_validation(const std::string& name, std::function<td::Dataset(const td::Dataset&)> make,
                       const std::string& expected) {
  return {name,
          [make](Classifier& c, const td::Dataset& data) {
            const td::Dataset validation = make(data);
            c.trainer.fit(data, {.batch_size = 16, .validation = &validation});
          },
          expected};
}

Refusal bad_loss(const std::string& name, td::Trainer::Loss loss, const std::string& expected) {
  return {name,
          [loss](Classifier& c, const td::Dataset& data) {
            c.trainer.set_loss(loss);
            c.trainer.fit(data, {});
          },
          expected};
}

const td::Dataset three_features{arma::mat(3, 40), td::IndexMatrix(1, 40)};

const std::vector<Refusal> refusals{
    bad_loss("no loss", {}, "Trainer::fit: no loss; expected a loss before training"),
    bad_loss(
        "a loss that is a matrix", [](const td::Value& y, const td::Operand&) { return y; },
        "Trainer: a loss of 2x32; expected 1x1"),
    bad_loss(
        "a loss that is empty", [](const td::Value&, const td::Operand&) { return td::Value{}; },
        "Trainer: the loss gave a Value: an empty one"),
    bad_loss("another loss", td::MSELoss{td::batch_mean}, "mse: "),
    bad_data(
        "no data", [](const auto& data) { return first(data, 0); }, "expected at least 1 sample"),
    bad_data(
        "features", [](const auto&) { return three_features; }, "fc_1 (affine): x is 3x16"),
    bad_data(
        "targets",
        [](const auto& data) {
          return td::Dataset{data.x(), arma::mat(2, 50)};
        },
        "cross_entropy: "),
    bad_data(
        "a label in the middle", [](const auto& data) { return with_label(data, 20, 2); },
        "cross_entropy: label 2 of sample 20; expected less than 2, the number of classes"),
    bad_data(
        "a label in the last batch", [](const auto& data) { return with_label(data, 49, 3); },
        "label 3 of sample 49"),
    bad_data(
        "a huge label", [](const auto& data) { return with_label(data, 20, td::no_class); }, "of sample 20"),
    bad_data(
        "a last batch of one", [](const auto& data) { return first(data, 49); },
        "norm (batch_norm): x is 9x1; expected a batch of at least 2"),
    bad_validation(
        "no validation data", [](const auto& data) { return first(data, 0); }, "expected at least 1 sample"),
    bad_validation(
        "validation features", [](const auto&) { return three_features; }, "fc_1 (affine): x is 3x40"),
    bad_validation(
        "a label far into the validation data",
        [](const auto&) { return with_label(td::disk(1500, 2), 1400, 2); }, "label 2 of sample 1400"),
    bad_validation(
        "a label in the middle of the validation data",
        [](const auto&) { return with_label(td::disk(4000, 2), 1500, 2); }, "label 2 of sample 1500"),
    bad_validation(
        "validation targets",
        [](const auto& data) {
          return td::Dataset{data.x(), arma::mat(2, 50)};
        },
        "cross_entropy: "),
    option("no epochs", {.epochs = 0}, "Trainer::fit: epochs = 0; expected at least 1"),
    option("batches of 0", {.batch_size = 0}, "Trainer::fit: batch_size = 0; expected at least 1"),
    option("shards of 0", {.shard_size = 0}, "Trainer::fit: shard_size = 0; expected at least 1"),
    option("shards of 1", {.batch_size = 16, .shard_size = 1},
           "norm (batch_norm): x is 9x1; expected a batch of at least 2"),
    option("a last batch in shards of 1", {.batch_size = 47, .shard_size = 2},
           "norm (batch_norm): x is 9x1; expected a batch of at least 2"),
    option("accumulate 0", {.accumulate = 0}, "Trainer::fit: accumulate = 0; expected at least 1"),
    option("clip_norm 0", {.clip_norm = 0}, "Trainer::fit: clip_norm = 0; expected a finite number above 0"),
    option("clip_norm -1", {.clip_norm = -1}, "expected a finite number above 0"),
    option("clip_norm inf", {.clip_norm = inf}, "expected a finite number above 0"),
    option("clip_norm nan", {.clip_norm = not_a_number}, "expected a finite number above 0"),
    option("no patience", {.early_stopping = td::EarlyStopping{.patience = 0}},
           "Trainer::fit: early_stopping.patience = 0; expected at least 1"),
    option("least improvement nan", {.early_stopping = td::EarlyStopping{.least_improvement = not_a_number}},
           "expected a finite number, at least 0"),
    option("least improvement -1", {.early_stopping = td::EarlyStopping{.least_improvement = -1}},
           "expected a finite number, at least 0")};

// The twin goes the same way without the refused call: nothing of it is to be seen, not even in the
// optimizer's memory, the random masks and the order of the samples.
BOOST_AUTO_TEST_CASE(what_is_refused_is_refused_before_anything_happens) {
  const td::Dataset data = td::disk(50, 1);
  for (const Refusal& refusal : refusals) {
    BOOST_TEST_CONTEXT(refusal.name) {
      Classifier c;
      Classifier twin;
      for (Classifier* each : {&c, &twin}) each->trainer.fit(data, {.epochs = 2, .batch_size = 16});
      const td::FlatBuffer gradients = c.store.gradients().flat();
      const std::string said = complaint<td::Error>([&] { refusal.fit(c, data); });
      BOOST_TEST(contains(said, refusal.expected), said);
      BOOST_TEST(same_state(c, twin));
      BOOST_TEST(same_bits(c.store.gradients().flat(), gradients));
      BOOST_TEST(c.store.internals().next_pass() == twin.store.internals().next_pass());
      c.trainer.set_loss(td::CrossEntropyLoss{td::batch_mean});
      for (Classifier* each : {&c, &twin}) each->trainer.fit(data, {.epochs = 2, .batch_size = 16});
      BOOST_TEST(same_state(c, twin));
    }
  }
}

// NaN and Inf.

struct Bad {
  double value;
  std::string name;
};
const std::vector<Bad> bad_values{{inf, "inf"}, {-inf, "-inf"}, {not_a_number, "nan"}};

BOOST_AUTO_TEST_CASE(inf_in_the_second_batch_stops_before_it) {
  for (const Bad& bad : bad_values) {
    const td::Dataset good = td::disk(40, 1);
    Classifier c;
    Classifier twin;
    const std::string said = complaint<td::NonFiniteError>(
        [&] { c.trainer.fit(with(good, 1, 13, bad.value), {.batch_size = 10, .shuffle = false}); });
    BOOST_TEST(said == "training, epoch 1, step 2: feature 1 of sample 13 is " + bad.name +
                           " as float; expected finite data (counted from 0 in the data that fit was given; "
                           "parameters and statistics are those of the last good step)");
    twin.trainer.fit(first(good, 10), {.batch_size = 10, .shuffle = false});
    BOOST_TEST(same_state(c, twin));
    BOOST_TEST(nothing_pending(c));
    c.trainer.fit(good, {.epochs = 2});  // and goes on
  }
}

// Whatever the order of the epoch, and however the batch is cut.
BOOST_AUTO_TEST_CASE(a_bad_number_is_named_by_its_place_in_the_data) {
  const td::Dataset good = td::disk(47, 1);
  for (const Bad& bad : bad_values) {
    for (const td::Index sample : {0U, 5U, 29U, 46U}) {
      for (const td::Index batch_size : {7U, 47U, 100U}) {
        for (const td::Index accumulate : {1U, 3U}) {
          for (const td::Index shard_size : {3U, 1000U}) {
            for (const bool shuffle : {false, true}) {
              Classifier c;
              const std::string said = complaint<td::NonFiniteError>([&] {
                c.trainer.fit(with(good, 0, sample, bad.value), {.batch_size = batch_size,
                                                                 .shuffle = shuffle,
                                                                 .shard_size = shard_size,
                                                                 .accumulate = accumulate});
              });
              const std::string place =
                  ": feature 0 of sample " + std::to_string(sample) + " is " + bad.name + " as float; ";
              BOOST_TEST(contains(said, place), said);
            }
          }
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_bad_target_and_what_is_too_large_for_float_are_named_too) {
  const td::Dataset good = test::line(40);
  const auto complaint_about = [](const td::Dataset& data, td::Scalar scalar) {
    test::Line c{scalar};
    return complaint<td::NonFiniteError>([&] { c.trainer.fit(data, {.batch_size = 10}); });
  };
  arma::mat y = good.y<double>();
  y[31] = not_a_number;
  const std::string bad_target = complaint_about({good.x(), y}, td::f64);
  BOOST_TEST(contains(bad_target, ": target 0 of sample 31 is nan as double; "), bad_target);
  const std::string too_large = complaint_about(with(good, 1, 17, -1e200), td::f32);
  BOOST_TEST(contains(too_large, ": feature 1 of sample 17 is -inf as float; "), too_large);
}

BOOST_AUTO_TEST_CASE(a_bad_micro_batch_spoils_its_step_only) {
  const td::Dataset good = td::disk(40, 1);
  Classifier c;
  Classifier twin;
  const std::string said = complaint<td::NonFiniteError>(
      [&] { c.trainer.fit(with(good, 0, 35, inf), {.batch_size = 10, .shuffle = false, .accumulate = 2}); });
  BOOST_TEST(contains(said, "training, epoch 1, step 2: "), said);
  twin.trainer.fit(first(good, 20), {.batch_size = 10, .shuffle = false, .accumulate = 2});
  BOOST_TEST(same_state(c, twin));
  BOOST_TEST(nothing_pending(c));
}

BOOST_AUTO_TEST_CASE(divergence_stops_at_the_first_bad_step) {
  const td::Dataset data = td::disk(50, 1);
  Classifier c;
  td::Index good_steps = 0;
  const td::Callback count{{}, [&](const td::StepReport&) { ++good_steps; }};
  c.optimizer.set_learning_rate(1e30);
  const std::string said = complaint<td::NonFiniteError>(
      [&] { c.trainer.fit(data, {.epochs = 100, .batch_size = 16, .callbacks = {count}}); });
  BOOST_TEST_REQUIRE(good_steps > 0U);
  BOOST_TEST(contains(said, "training, epoch " + std::to_string(good_steps / 4 + 1) + ", step " +
                                std::to_string(good_steps % 4 + 1) + ": "),
             said);
  BOOST_TEST(contains(said, "(parameters and statistics are those of the last good step)"));
  Classifier twin;
  twin.optimizer.set_learning_rate(1e30);
  fit_by_hand(twin, data, 100, 16, good_steps);
  BOOST_TEST(same_state(c, twin));
  BOOST_TEST(nothing_pending(c));
}

// x, the factor and the loss are finite, their product, which is the gradient, is not.
BOOST_AUTO_TEST_CASE(a_gradient_that_overflows_stops_training) {
  td::ParameterStore store;
  const td::Linear layer{store.scope("fc"), 1, 1, {.bias = false, .weight_values = td::zeros}};
  td::SGD sgd{store};
  const td::Sequential model{layer, [](const td::Value& x) { return td::scale(x, 1e20); }};
  td::Trainer trainer{store, model, sgd, td::MSELoss{td::batch_mean}};
  const td::Dataset data{arma::fmat(1, 1, arma::fill::value(1e20F)), arma::fmat(1, 1, arma::fill::ones)};
  const std::string said = complaint<td::NonFiniteError>([&] { trainer.fit(data, {}); });
  BOOST_TEST(contains(said, "training, epoch 1, step 1: fc (product): going back, the cotangent of"), said);
  BOOST_TEST(store.parameter("fc.weight").value<float>()[0] == 0);
  BOOST_TEST(store.parameter("fc.weight").gradient<float>()[0] == 0);
}

BOOST_AUTO_TEST_CASE(the_pass_that_went_wrong_is_kept_to_be_replayed) {
  const td::Dataset data = td::disk(40, 1);
  const auto fit = [&](Classifier& c, const std::function<void(const td::BlackBox&)>& black_box) {
    c.optimizer.set_learning_rate(1e30);  // the first step makes parameters of 1e30
    return complaint<td::NonFiniteError>(
        [&] { c.trainer.fit(data, {.batch_size = 10, .shuffle = false, .black_box = black_box}); });
  };
  std::vector<td::BlackBox> kept;
  Classifier c;
  const std::string said = fit(c, [&](const td::BlackBox& box) { kept.push_back(box); });
  BOOST_TEST(contains(said, "training, epoch 1, step 2: fc_2 (affine): "), said);
  BOOST_TEST(contains(said, "; black_box was given the pass"), said);

  BOOST_REQUIRE(kept.size() == 1U);
  const td::BlackBox& box = kept.front();
  Classifier again;
  box.restore(again.store);
  td::Memory memory;
  td::Tape tape(again.store, memory, box.tape_options());
  const std::vector<td::Value> in = box.inputs(tape);
  BOOST_REQUIRE(in.size() == 1U);  // it went wrong before the targets were looked at
  BOOST_TEST((in[0].shape() == td::Shape{2, 10}));
  BOOST_TEST(contains(said, complaint<td::NonFiniteError>([&] { again.model(in[0]); })));

  Classifier another;
  const std::string lost =
      fit(another, [](const td::BlackBox&) { throw std::runtime_error("the disk is full"); });
  BOOST_TEST(contains(lost, "; the pass could not be kept: the disk is full"), lost);
  BOOST_TEST(contains(lost, "training, epoch 1, step 2: "), lost);
}

BOOST_AUTO_TEST_CASE(an_optimizer_of_another_store_is_refused) {
  td::ParameterStore store;
  td::ParameterStore other;
  const td::Linear layer{store.scope("fc"), 2, 1};
  td::SGD optimizer{other};
  BOOST_TEST(test::complaint<td::UsageError>([&] { td::Trainer(store, layer, optimizer); }) ==
             "Trainer: an optimizer of another store; expected one made for the store that is trained");
  BOOST_TEST(!store.sealed());
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
