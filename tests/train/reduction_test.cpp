// A loss that is a sum over samples, and one that is a mean: training and evaluation give the same however
// the samples are cut.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "support/complaint.hpp"
#include "support/threads.hpp"
#include "train/trainer_fixtures.hpp"

namespace td = tapedeck;
using test::Threads;

BOOST_AUTO_TEST_SUITE(train)
BOOST_AUTO_TEST_SUITE(reduction)

namespace {

/// A loss, and whether it is a sum.
struct Case {
  std::string name;
  td::Trainer::Loss loss;
  bool sum;
  bool classes;  ///< of labels
};

/// A loss of a user's that says what it is, as the library's do.
struct WithMember {
  td::Reduction how;
  td::Value operator()(const td::Value& y, const td::Operand& t) const { return td::l1(y, t, how); }
  td::Reduction reduction() const { return how; }
};

/// A loss of a user's that has a member of another meaning.
struct WithOther {
  td::Value operator()(const td::Value& y, const td::Operand& t) const {
    return td::mse(y, t, td::batch_mean);
  }
  std::string reduction() const { return "mean"; }
};

td::Value sum_of_squares(const td::Value& y, const td::Operand& t) { return td::mse(y, t, td::batch_sum); }

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const td::Reduction r : {td::batch_sum, td::batch_mean, td::element_mean}) {
    const bool sum = r == td::batch_sum;
    const std::string of = " " + std::to_string(static_cast<int>(r));
    all.push_back({"MSELoss" + of, td::MSELoss{r}, sum, false});
    all.push_back({"L1Loss" + of, td::L1Loss{r}, sum, false});
    all.push_back({"HuberLoss" + of, td::HuberLoss{r, 0.4}, sum, false});
    all.push_back({"CrossEntropyLoss" + of, td::CrossEntropyLoss{r}, sum, true});
    all.push_back({"SoftCrossEntropyLoss" + of, td::SoftCrossEntropyLoss{r}, sum, false});
    all.push_back({"BinaryCrossEntropyLoss" + of, td::BinaryCrossEntropyLoss{r}, sum, false});
    all.push_back({"a class with reduction()" + of, WithMember{r}, sum, false});
    all.push_back({"a lambda" + of,
                   {[r](const td::Value& y, const td::Operand& t) { return td::huber(y, t, r); }, r},
                   sum,
                   false});
  }
  all.push_back({"a function that says it is a sum", {sum_of_squares, td::batch_sum}, true, false});
  all.push_back({"a class whose reduction() is something else", WithOther{}, false, false});
  all.push_back({"a lambda that says nothing",
                 [](const td::Value& y, const td::Operand& t) { return td::mse(y, t, td::element_mean); },
                 false, false});
  return all;
}

/// Two outputs for two features.
struct Net {
  td::ParameterStore store{{.seed = 4, .scalar = td::f64}};
  td::Linear layer{store.scope("fc"), 2, 2};
  td::SGD optimizer{store, {.learning_rate = 0.01}};
  td::Trainer trainer;

  explicit Net(const td::Trainer::Loss& loss) : trainer(store, layer, optimizer, loss) {}

  /// The loss of all samples on one tape, and the gradient of it.
  double whole(const td::Dataset& data, const td::Trainer::Loss& loss) {
    td::Memory memory;
    td::Tape tape{store, memory};
    const td::Batch all = data.all();
    const td::Value l = loss(layer(tape.gather(all.x)), all.y);
    store.zero_grad();
    tape.backward(l);
    return l.item();
  }
};

td::Dataset data_for(const Case& c, td::Index samples) {
  const td::Dataset points = td::disk(samples, 1);
  if (c.classes) return points;
  return {points.x(), td::one_hot(points.labels(), 2)};
}

bool close(double a, double b) { return std::abs(a - b) <= 1e-13 * std::abs(b); }

/// A cut of 30 samples; the last batch and the last shard may be smaller.
struct Cut {
  td::Index batch;
  td::Index accumulate;
  std::optional<td::Index> shard;
};
const std::vector<Cut> cuts{{30, 1, {}}, {10, 3, {}}, {7, 5, {}}, {30, 1, 10},
                            {30, 1, 7},  {30, 1, 1},  {12, 3, 5}, {100, 100, 29}};

}  // namespace

// A step over all 30 samples: one step, so gradient and loss are those of the whole. Sums of 30 terms in any
// order differ by 30 roundings at most, terms by a few more.
BOOST_AUTO_TEST_CASE(a_step_is_that_of_the_whole_batch) {
  for (const Case& c : cases()) {
    BOOST_TEST((c.loss.reduction() == td::batch_sum) == c.sum, c.name);
    const td::Dataset data = data_for(c, 30);
    Net whole(c.loss);
    const double loss = whole.whole(data, c.loss);
    const arma::mat& gradient = whole.store.gradients().of<double>(whole.layer.weight());
    const double size = arma::abs(gradient).max();
    for (const Cut& cut : cuts) {
      BOOST_TEST_CONTEXT(c.name << ", batches of " << cut.batch << ", " << cut.accumulate
                                << " a step, shards of " << cut.shard.value_or(0)) {
        Net net(c.loss);
        std::vector<double> losses;
        const td::Callback remember{{}, [&](const td::StepReport& r) { losses.push_back(r.loss); }};
        const auto history = net.trainer.fit(data, {.batch_size = cut.batch,
                                                    .shuffle = false,
                                                    .shard_size = cut.shard,
                                                    .accumulate = cut.accumulate,
                                                    .callbacks = {remember}});
        const arma::mat& cut_gradient = net.store.gradients().of<double>(net.layer.weight());
        BOOST_TEST(arma::abs(cut_gradient - gradient).max() <= 1e-13 * size);
        BOOST_TEST_REQUIRE(losses.size() == 1U);
        BOOST_TEST(close(losses[0], loss));
        BOOST_TEST(close(history[0].loss, loss));
      }
    }
  }
}

// With a rate of zero the losses of all steps together are the loss of the data.
BOOST_AUTO_TEST_CASE(an_epoch_of_several_steps_reports_one_loss_of_all_samples) {
  for (const Case& c : cases()) {
    const td::Dataset data = data_for(c, 47);
    Net net(c.loss);
    const double loss = net.whole(data, c.loss);
    net.optimizer.set_learning_rate(0);
    for (const td::Index accumulate : {1U, 2U, 3U}) {
      double sum = 0;
      const td::Callback add{{}, [&](const td::StepReport& r) { sum += r.loss; }};
      const auto history = net.trainer.fit(data, {.batch_size = 10,
                                                  .shard_size = 3,
                                                  .accumulate = accumulate,
                                                  .validation = &data,
                                                  .callbacks = {add}});
      BOOST_TEST(close(history[0].loss, loss), c.name);
      BOOST_TEST(close(*history[0].validation_loss, loss), c.name);
      if (c.sum) BOOST_TEST(close(sum, loss), c.name);
    }
  }
}

// More samples than are evaluated at a time.
BOOST_AUTO_TEST_CASE(evaluate_is_the_loss_of_all_samples) {
  for (const Case& c : cases()) {
    for (const td::Index samples : {1U, 1024U, 2500U}) {
      const td::Dataset data = data_for(c, samples);
      Net net(c.loss);
      const double loss = net.whole(data, c.loss);
      for (const td::Index threads : {1U, 3U}) {
        const Threads set(threads);
        BOOST_TEST(close(net.trainer.evaluate(data), loss), c.name << " of " << samples);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_loss_is_asked_what_it_is) {
  using Loss = td::Trainer::Loss;
  BOOST_TEST(!Loss{});
  BOOST_TEST(!Loss{std::function<td::Value(const td::Value&, const td::Operand&)>{}});
  BOOST_TEST(static_cast<bool>(Loss{sum_of_squares}));
  BOOST_TEST(Loss(td::MSELoss{td::batch_sum}).divisor(7) == 1);
  BOOST_TEST(Loss(td::MSELoss{td::element_mean}).divisor(7) == 7);
  BOOST_TEST(Loss{sum_of_squares}.divisor(7) == 7);
  BOOST_TEST((Loss{sum_of_squares, td::batch_sum}.divisor(7) == 1));
  static_assert(!std::is_constructible_v<Loss, int>);
  static_assert(!std::is_constructible_v<Loss, td::ReLU>);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
