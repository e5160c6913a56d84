// Training on batches in shards, spread over threads.

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cmath>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/allocations.hpp"
#include "support/complaint.hpp"
#include "support/threads.hpp"
#include "support/workloads.hpp"
#include "train/trainer_fixtures.hpp"

namespace td = tapedeck;
using test::Classifier;
using test::complaint;
using test::contains;
using test::first;
using test::Line;
using test::line;
using test::nothing_pending;
using test::same_bits;
using test::same_state;
using test::Threads;
using test::with;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

struct Outcome {
  td::FlatBuffer values;
  td::FlatBuffer buffers;
  std::vector<double> losses;
};

bool operator==(const Outcome& a, const Outcome& b) {
  return same_bits(a.values, b.values) && same_bits(a.buffers, b.buffers) && a.losses == b.losses;
}

/// Trains for two epochs of three batches, in which there are 3, 3 and 2 shards.
Outcome fit(const test::Workload& w, const test::Rule& rule, const td::Dataset& data) {
  td::ParameterStore store{{.seed = 6}};
  const td::Sequential model = w.model(store);
  const auto optimizer = rule(store);
  td::Trainer trainer{store, model, *optimizer, w.loss};
  std::vector<double> losses;
  const td::Callback remember{{}, [&](const td::StepReport& report) { losses.push_back(report.loss); }};
  for (const auto& report : trainer.fit(data, {.epochs = 2,
                                              .batch_size = 120,
                                              .shard_size = 41,
                                              .validation = &data,
                                              .callbacks = {remember}})) {
    losses.insert(losses.end(), {report.loss, *report.validation_loss});
  }
  return {store.values(), store.buffers(), losses};
}

/// A step of a batch in shards of these sizes, in the words of its parts. Gives its loss.
double step_by_hand(Classifier& c, const td::Batch& batch, const std::vector<td::Index>& sizes,
                    std::uint64_t step) {
  std::vector<td::Gradients> gradients;
  td::Index begin = 0;
  double sum = 0;
  for (const td::Index size : sizes) {
    td::Memory memory;
    td::Tape tape{c.store, memory, {.step = step, .first_column = begin}};
    const td::Batch shard = batch.part(begin, size);
    const td::Value loss = td::cross_entropy(c.model(tape.gather(shard.x)), shard.y, td::batch_mean);
    const double share = static_cast<double>(size) / static_cast<double>(batch.size());
    const arma::fmat cotangent(1, 1, arma::fill::value(static_cast<float>(share)));
    tape.backward({loss, cotangent}, gradients.emplace_back(c.store));
    begin += size;
    sum += loss.item() * share;
  }
  c.store.zero_grad();
  for (const td::Gradients& g : gradients) c.store.gradients() += g;
  c.optimizer.step();
  return sum;
}

/// A layer that counts how many threads are in it at once.
class Meeting {
 public:
  td::Value operator()(const td::Value& x) const {
    if (!open) return x;
    const int now = ++inside_;
    int seen = most_;
    while (seen < now && !most_.compare_exchange_weak(seen, now)) {
    }
    // Long enough that whoever is to come has come, even on a busy machine; what is asserted is no time.
    for (int i = 0; i < 1000 && most_ < 2; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    --inside_;
    return x;
  }
  int most() const { return most_; }

  std::atomic<bool> open = false;  ///< before, it lets everyone pass

 private:
  mutable std::atomic<int> inside_ = 0;
  mutable std::atomic<int> most_ = 0;
};

/// A layer of double that will not hear of negative numbers.
td::Value wary(const td::Value& x) {
  const double least = x.matrix<double>().min();
  if (least < 0) throw std::runtime_error(std::to_string(std::lround(least)));
  return x;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(train)
BOOST_AUTO_TEST_SUITE(threads_and_shards)

BOOST_AUTO_TEST_CASE(any_number_of_threads_gives_the_same_bits) {
  const std::vector<std::pair<const char*, test::Rule>> rules{
      {"SGD", test::rule<td::SGD>({.learning_rate = 0.1})},
      {"momentum", test::rule<td::SGD>({.learning_rate = 0.1, .momentum = 0.9})},
      {"Adam", test::rule<td::Adam>()},
      {"AdamW", test::rule<td::AdamW>()},
      {"Adagrad", test::rule<td::Adagrad>()},
      {"RMSprop", test::rule<td::RMSprop>({.momentum = 0.5, .centered = true})}};
  for (const test::Workload& w : test::workloads()) {
    const td::Dataset data = w.data(300).converted(td::f32);
    for (const auto& [name, rule] : rules) {
      const Outcome expected = [&, &made = rule] {
        const Threads set(1);
        return fit(w, made, data);
      }();
      for (const td::Index threads : {1U, 2U, 4U}) {
        const Threads set(threads);
        int different = 0;
        for (int run = 0; run < test::repeated_runs; ++run)
          different += fit(w, rule, data) == expected ? 0 : 1;
        BOOST_TEST(different == 0, w.name << ", " << name << ", " << threads << " threads");
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(shards_run_at_once) {
  const Threads set(2);
  Line c;
  Meeting meeting;
  const td::Sequential model{[&](const td::Value& x) { return meeting(x); }, c.layer};
  td::Trainer trainer{c.store, model, c.optimizer, td::MSELoss{td::batch_mean}};
  const td::Callback open{{}, [&](const td::StepReport&) { meeting.open = true; }};
  trainer.fit(line(8), {.batch_size = 4, .shard_size = 2, .callbacks = {open}});
  BOOST_TEST(meeting.most() == 2);
}

// Batches of 16, 16, 16 and 2; a shard of one sample would have no variance.
BOOST_AUTO_TEST_CASE(a_step_is_the_shards_one_after_another) {
  const td::Dataset data = td::disk(50, 1).converted(td::f32);
  const std::vector<std::pair<td::Index, std::vector<td::Index>>> cuts{
      {5, {4, 4, 4, 4}}, {6, {5, 5, 6}}, {15, {8, 8}}, {8, {8, 8}}, {16, {16}}, {1000, {16}}};
  for (const auto& [shard_size, sizes] : cuts) {
    for (const td::Index threads : {1U, 3U}) {
      const Threads set(threads);
      Classifier fitted;
      Classifier by_hand;
      const auto history =
          fitted.trainer.fit(data, {.epochs = 2, .batch_size = 16, .shard_size = shard_size});
      std::uint64_t step = 0;
      for (const td::EpochReport& report : history) {
        double sum = 0;
        for (const td::Batch& batch : td::batches(data, {.size = 16, .shuffle = {3, report.epoch}})) {
          const std::vector<td::Index> cut = batch.size() == 16 ? sizes : std::vector<td::Index>{2};
          sum += step_by_hand(by_hand, batch, cut, step++) * static_cast<double>(batch.size());
        }
        BOOST_TEST(report.loss == sum / 50);
      }
      BOOST_TEST(same_state(fitted, by_hand), "shards of " << shard_size << ", " << threads << " threads");
    }
  }
}

BOOST_AUTO_TEST_CASE(one_shard_is_the_whole_batch) {
  const td::Dataset data = td::disk(50, 1);
  Classifier whole;
  whole.trainer.fit(data, {.epochs = 2, .batch_size = 16});
  for (const td::Index size : {td::Index{16}, td::Index{17}, td::Index(0) - 1}) {
    Classifier sharded;
    sharded.trainer.fit(data, {.epochs = 2, .batch_size = 16, .shard_size = size});
    BOOST_TEST(same_state(sharded, whole));
  }
}

// Inputs are quarters, parameters integers, masks 0 or 2, and means are over powers of two: nothing is ever
// rounded, so that no order of adding can make a difference.
BOOST_AUTO_TEST_CASE(shards_give_the_gradient_of_the_whole_batch_under_the_same_masks) {
  const auto gradient = [](std::optional<td::Index> shard_size, td::Index accumulate) {
    td::ParameterStore store{{.seed = 8, .scalar = td::f64}};
    const td::Sequential model{td::Linear{store.scope("fc_1"), 3, 6}, td::ReLU{},
                               td::Dropout{{.probability = 0.5}}, td::Linear{store.scope("fc_2"), 6, 2}};
    const td::Random random{5};
    for (const td::ParameterView& p : store.parameters()) {
      for (double& x : p.value<double>()) x = std::round(x * 8);
    }
    arma::mat x(3, 32);
    arma::mat y(2, 32);
    for (td::Index i = 0; i < x.n_elem; ++i) x[i] = std::round(random.normal(i, 0) * 4) / 4;
    for (td::Index i = 0; i < y.n_elem; ++i) y[i] = std::round(random.normal(i, 1));
    td::SGD sgd{store, {.learning_rate = 0}};
    td::Trainer trainer{store, model, sgd, td::MSELoss{td::batch_mean}};
    const auto history = trainer.fit(td::Dataset{x, y}, {.batch_size = 32 / accumulate,
                                                         .shuffle = false,
                                                         .shard_size = shard_size,
                                                         .accumulate = accumulate});
    return std::pair(td::FlatBuffer(store.gradients().flat()), history.back().loss);
  };
  for (const td::Index accumulate : {1U, 2U}) {
    const auto [whole, loss] = gradient(std::nullopt, accumulate);
    BOOST_TEST(whole.matrix<double>(0).is_finite());
    BOOST_TEST(arma::abs(whole.matrix<double>(0)).min() > 0);
    for (const td::Index size : {1U, 2U, 4U, 8U}) {
      const auto [sharded, loss_of_shards] = gradient(size, accumulate);
      BOOST_TEST(same_bits(sharded, whole), "shards of " << size);
      BOOST_TEST(loss_of_shards == loss);
    }
  }
}

BOOST_AUTO_TEST_CASE(reports_clipping_and_early_stopping_are_as_before) {
  const td::Dataset data = td::disk(50, 1);
  std::string calls;
  const td::Callback named{[&](td::EpochReport&) { calls += "! "; },
                           [&](const td::StepReport& r) {
                             calls += std::to_string(r.step) + "/" + std::to_string(r.steps) + " ";
                           }};
  Classifier c;
  const auto history = c.trainer.fit(data, {.epochs = 2,
                                            .batch_size = 16,
                                            .shard_size = 5,
                                            .accumulate = 2,
                                            .clip_norm = 1e-3,
                                            .early_stopping = td::EarlyStopping{.patience = 5},
                                            .callbacks = {named}});
  BOOST_TEST(calls == "0/2 1/2 ! 0/2 1/2 ! ");
  BOOST_TEST(history.size() == 2U);
  BOOST_TEST(std::abs(c.store.gradients().norm() / 1e-3 - 1) < 1e-3);  // unclipped it is about 1
}

#ifndef TEST_THREAD_SANITIZER
// Memory belongs to shards, not to threads, so what one thread shows holds for all.
BOOST_AUTO_TEST_CASE(later_steps_allocate_nothing) {
  const Threads set(1);
  const td::Dataset few = td::disk(100, 1).converted(td::f32);
  const td::Dataset many = td::disk(300, 1).converted(td::f32);
  Classifier c;
  const auto fit = [&](const td::Dataset& data) {
    return test::allocated_by(
        [&] { c.trainer.fit(data, {.batch_size = 50, .shuffle = false, .shard_size = 13}); });
  };
  fit(few);
  BOOST_TEST(fit(many) == fit(few));
}
#endif

// NaN and Inf.

// Batches of 12 in shards of 4: sample 19 is the last of the second batch's second shard.
BOOST_AUTO_TEST_CASE(the_first_shard_that_went_bad_is_named_and_kept) {
  const td::Dataset good = td::disk(36, 1);
  const td::Dataset bad = with(with(good, 1, 19, inf), 1, 22, inf);  // in the third shard too
  for (const td::Index threads : {1U, 4U}) {
    const Threads set(threads);
    Classifier c;
    Classifier twin;
    std::vector<td::BlackBox> kept;
    const auto keep = [&](const td::BlackBox& box) { kept.push_back(box); };
    const std::string said = complaint<td::NonFiniteError>([&] {
      c.trainer.fit(bad, {.batch_size = 12, .shuffle = false, .shard_size = 4, .black_box = keep});
    });
    BOOST_TEST(
        contains(said, "training, epoch 1, step 2, shard 2 of 3: feature 1 of sample 19 is inf as float; "),
        said);
    twin.trainer.fit(first(good, 12), {.batch_size = 12, .shuffle = false, .shard_size = 4});
    BOOST_TEST(same_state(c, twin));
    BOOST_TEST(nothing_pending(c));

    BOOST_REQUIRE(kept.size() == 1U);
    const td::BlackBox& box = kept.front();
    BOOST_TEST(box.tape_options().first_column == 4U);
    BOOST_TEST(box.tape_options().step.value() == 1U);
    c.trainer.fit(good, {.epochs = 2, .batch_size = 12, .shard_size = 4});  // and goes on
  }
}

// Losses are 0. The gradient of a shard of one sample x of n is 1e19 x / n: in float of the second of three
// it is not finite; and of two it is, but not their sum.
BOOST_AUTO_TEST_CASE(gradients_that_overflow_stop_training) {
  for (const arma::fmat& x : {arma::fmat{{1, 8e25F, 1}}, arma::fmat{{4e19F, 4e19F}}}) {
    td::ParameterStore store;
    const td::Linear layer{store.scope("fc"), 1, 1, {.bias = false, .weight_values = td::zeros}};
    td::SGD sgd{store};
    const auto sum = [](const td::Value& y, const td::Operand&) { return td::sum(td::scale(y, 1e19)); };
    td::Trainer trainer{store, layer, sgd, sum};
    const td::Dataset data{x, arma::fmat(1, x.n_cols)};
    const std::string said =
        complaint<td::NonFiniteError>([&] { trainer.fit(data, {.shuffle = false, .shard_size = 1}); });
    BOOST_TEST(contains(said, "training, epoch 1, step 1, shard 2 of " + std::to_string(x.n_cols)), said);
    BOOST_TEST(contains(said, ": product: going back, the cotangent of"), said);
    BOOST_TEST(store.parameter("fc.weight").value<float>()[0] == 0);
    BOOST_TEST(!store.gradients().touched(store.parameter("fc.weight").handle()));
  }
}

// Samples 13 and 18 are in the first and the second shard of the second of three batches.
BOOST_AUTO_TEST_CASE(what_a_model_throws_in_a_shard_passes_through_and_training_can_go_on) {
  const td::Dataset good = line(36);
  const td::Dataset bad = with(with(good, 1, 13, -13), 1, 18, -18);
  for (const td::Index threads : {1U, 4U}) {
    const Threads set(threads);
    Line c;
    Line twin;
    td::Trainer trainer{c.store, td::Sequential{wary, c.layer}, c.optimizer, td::MSELoss{td::batch_mean}};
    const td::FitOptions in_shards{.batch_size = 12, .shuffle = false, .shard_size = 4};
    BOOST_TEST(complaint<std::runtime_error>([&] { trainer.fit(bad, in_shards); }) == "-13");
    twin.trainer.fit(first(good, 12), in_shards);
    BOOST_TEST(same_bits(c.store.values(), twin.store.values()));
    for (td::Trainer* each : {&trainer, &twin.trainer}) each->fit(good, in_shards);
    BOOST_TEST(same_bits(c.store.values(), twin.store.values()));
  }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(threads_in_evaluation)

BOOST_AUTO_TEST_CASE(losses_and_outputs_have_the_same_bits) {
  const td::Dataset data = td::disk(9000, 1);
  Classifier c{3, td::f64};  // in float the sums would be exact in any order
  c.trainer.fit(first(data, 100), {.epochs = 2});
  const auto in_order = [&] {
    double sum = 0;
    td::Memory memory;
    for (const td::Batch& batch : td::batches(data, {.size = 1024})) {
      td::Tape tape{c.store, memory, td::evaluate};
      const td::Value loss = td::cross_entropy(c.model(tape.gather(batch.x)), batch.y, td::batch_mean);
      sum += loss.item() * static_cast<double>(batch.size());
    }
    return sum / 9000;
  };
  const double loss = in_order();
  const arma::mat x = data.x<double>();
  const arma::mat y = [&] {
    const Threads set(1);
    return c.trainer.predict(x);
  }();
  for (const td::Index threads : {1U, 2U, 4U, 20U}) {
    const Threads set(threads);
    for (int run = 0; run < test::repeated_runs; ++run) {
      BOOST_TEST(c.trainer.evaluate(data) == loss);
      BOOST_TEST(same_bits(c.trainer.predict(x), y));
    }
  }
}

BOOST_AUTO_TEST_CASE(batches_run_at_once) {
  const Threads set(2);
  td::ParameterStore store;
  const arma::fmat x(1, 2000);
  Meeting meeting;
  meeting.open = true;
  td::predict(
      store, [&](const td::Value& v) { return meeting(v); }, x);
  BOOST_TEST(meeting.most() == 2);
}

// Samples of the second, the sixth and the last of seven batches are refused.
BOOST_AUTO_TEST_CASE(the_first_error_is_thrown) {
  td::ParameterStore store{{.scalar = td::f64}};
  arma::mat x(1, 7000, arma::fill::ones);
  for (const td::Index sample : {1500U, 6000U, 6999U}) x[sample] = -static_cast<double>(sample);
  td::SGD sgd{store};
  td::Trainer trainer{store, wary, sgd, td::MSELoss{td::batch_mean}};
  const td::Dataset data{x, x};
  for (const td::Index threads : {1U, 2U, 4U}) {
    const Threads set(threads);
    for (int run = 0; run < test::repeated_runs; ++run) {
      BOOST_TEST(complaint<std::runtime_error>([&] { td::predict(store, wary, x); }) == "-1500");
      BOOST_TEST(complaint<std::runtime_error>([&] { trainer.evaluate(data); }) == "-1500");
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
