// Memory that runs out within a Trainer's functions: std::bad_alloc, and the same objects work afterwards.

#include "support/allocations.hpp"

#include <boost/test/unit_test.hpp>
#include <optional>

#include "support/threads.hpp"
#include "train/trainer_fixtures.hpp"

#ifndef TEST_THREAD_SANITIZER

namespace td = tapedeck;
using test::Classifier;
using test::same_bits;
using test::same_state;
using test::Threads;

BOOST_AUTO_TEST_SUITE(train)
BOOST_AUTO_TEST_SUITE(allocations)

namespace {

/// A state to start from: that of a new classifier.
struct Start {
  td::StateDict store, optimizer, trainer;

  Start() {
    Classifier c;
    store = td::state_of(c.store);
    optimizer = td::state_of(c.optimizer);
    trainer = td::state_of(c.trainer);
  }
  void put_into(Classifier& c) const {
    td::restore(c.store, store);
    td::restore(c.optimizer, optimizer);
    td::restore(c.trainer, trainer);
  }
};

/// Two epochs with all that fit can do; samples are converted to float.
std::vector<td::EpochReport> fit(Classifier& c, const td::Dataset& data) {
  return c.trainer.fit(data, {.epochs = 2,
                              .batch_size = 16,
                              .shard_size = 9,
                              .accumulate = 2,
                              .clip_norm = 1,
                              .validation = &data,
                              .early_stopping = td::EarlyStopping{.patience = 5},
                              .callbacks = {td::Callback{}}});
}

}  // namespace

BOOST_AUTO_TEST_CASE(fit_works_after_any_allocation_failed) {
  const Threads one(1);
  const td::Dataset data = td::disk(40, 1);
  const Start start;
  Classifier expected;
  fit(expected, data);
  test::Evidence evidence(test::Promise::faults, "Trainer::fit, with memory that runs out at any allocation");
  evidence.outcome("std::bad_alloc, and the same objects then train with the same bits");
  std::optional<Classifier> c;
  test::with_each_allocation_failing(
      evidence, [&] { c.emplace(); }, [&] { fit(*c, data); },
      [&](bool /*thrown*/) {
        start.put_into(*c);
        fit(*c, data);
        BOOST_TEST(same_state(*c, expected));
      });
}

BOOST_AUTO_TEST_CASE(evaluate_and_predict_work_after_any_allocation_failed) {
  const Threads one(1);
  const td::Dataset data = td::disk(1100, 1);
  Classifier expected;
  const double loss = expected.trainer.evaluate(data);
  const arma::mat outputs = expected.trainer.predict(data.x<double>());
  test::Evidence evidence(test::Promise::faults,
                          "Trainer::evaluate and predict, with memory that runs out at any allocation");
  evidence.outcome("std::bad_alloc, and the same objects then give the same bits");
  std::optional<Classifier> c;
  const auto try_all = [&](const auto& action) {
    test::with_each_allocation_failing(
        evidence, [&] { c.emplace(); }, action,
        [&](bool /*thrown*/) {
          BOOST_TEST(c->trainer.evaluate(data) == loss);
          BOOST_TEST(same_bits(c->trainer.predict(data.x<double>()), outputs));
        });
  };
  try_all([&] { c->trainer.evaluate(data); });
  try_all([&] { c->trainer.predict(data.x<double>()); });
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()

#endif
