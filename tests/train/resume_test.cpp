// Training goes on from its state as if nothing had happened, bit for bit.

#include <boost/test/unit_test.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/complaint.hpp"
#include "support/evidence.hpp"
#include "train/resume_fixture.hpp"

namespace td = tapedeck;
using test::complaint;
using test::contains;

BOOST_AUTO_TEST_SUITE(train)
BOOST_AUTO_TEST_SUITE(resume_)

namespace {

const td::Dataset training = td::disk(200, 1);
const td::Dataset validation = td::disk(50, 2);

/// All that training needs: dropout, batch normalisation, a scheduler by epoch and early stopping.
struct Setup : test::Resumable {
  td::ReduceOnPlateau scheduler{optimizer, {.patience = 0, .factor = 0.5}};
  double least_improvement = 0;  // by which the validation loss must fall

  Setup() { add("scheduler", scheduler); }

  /// Twelve epochs at most, of five batches each. Other orders of callbacks: resume_order_test.cpp.
  td::FitOptions options(const td::Callback& saver, td::Index accumulate = 2) {
    return {.epochs = 12,
            .batch_size = 45,  // the last one has 20
            .accumulate = accumulate,
            .clip_norm = 0.5,
            .validation = &validation,
            .early_stopping = td::EarlyStopping{.patience = 2, .least_improvement = least_improvement},
            .callbacks = {[this](td::EpochReport& epoch) { scheduler.step(epoch.loss); }, saver}};
  }
};

struct Result {
  std::vector<td::EpochReport> history;
  td::StateDict state;
};

bool same(const Result& a, const Result& b) {
  return test::same_reports(a.history, b.history) && test::same_entries(a.state, b.state);
}

/// Trains to the end, and keeps the state before every step, and after every batch and every epoch.
Result train_and_save(std::vector<td::StateDict>& states, td::Index accumulate,
                      double least_improvement = 0) {
  Setup setup;
  setup.least_improvement = least_improvement;
  td::Callback saver;
  saver.on_gradient = [&](const td::StepReport&) { states.push_back(td::state_of(setup)); };
  saver.on_batch = [&] { states.push_back(td::state_of(setup)); };
  saver.on_epoch = [&](td::EpochReport&) { states.push_back(td::state_of(setup)); };
  Result result;
  result.history = setup.trainer.fit(training, setup.options(saver, accumulate));
  result.state = td::state_of(setup);
  return result;
}

Result resume(const td::StateDict& state, td::Index accumulate, double least_improvement = 0) {
  Setup setup;
  setup.least_improvement = least_improvement;
  td::restore(setup, state);
  Result result;
  result.history = setup.trainer.fit(training, setup.options({}, accumulate));
  result.state = td::state_of(setup);
  return result;
}

}  // namespace

BOOST_AUTO_TEST_CASE(from_before_every_step_and_after_every_batch_and_every_epoch) {
  for (const td::Index accumulate : {1U, 2U, 3U}) {
    std::vector<td::StateDict> states;
    const Result whole = train_and_save(states, accumulate);
    BOOST_TEST(states.size() >= 80);
    BOOST_TEST(whole.history.back().learning_rate < whole.history.front().learning_rate);
    test::Evidence evidence(test::Promise::resuming,
                            "training, from before every step and after every batch and every epoch");
    evidence.outcome("dropout, batch normalisation, scheduler, early stopping; 1, 2 and 3 batches a step");
    for (std::size_t i = 0; i < states.size(); ++i) {
      BOOST_TEST(same(resume(states[i], accumulate), whole),
                 "from state " << i << ", with " << accumulate << " batches a step");
      evidence.tried();
    }
  }
}

BOOST_AUTO_TEST_CASE(early_stopping_stops_where_it_would_have) {
  constexpr double much = 0.02;
  std::vector<td::StateDict> states;
  const Result whole = train_and_save(states, 1, much);
  BOOST_TEST(whole.history.size() < 12);
  for (const td::StateDict& state : states) BOOST_TEST(same(resume(state, 1, much), whole));
}

BOOST_AUTO_TEST_CASE(a_state_between_two_fits_has_no_run) {
  Setup setup;
  setup.trainer.fit(training, setup.options({}));
  const td::StateDict state = td::state_of(setup);
  BOOST_TEST(state.find("trainer/run/epoch") == nullptr);
  Setup other;
  td::restore(other, state);
  td::FitOptions options = setup.options({});
  options.early_stopping = std::nullopt;
  options.callbacks.clear();
  const auto a = setup.trainer.fit(training, options);
  const auto b = other.trainer.fit(training, options);
  BOOST_TEST(a.size() == 12);
  BOOST_TEST(a.back().loss == b.back().loss);
}

BOOST_AUTO_TEST_CASE(shards_go_on_too) {
  const auto run = [](std::optional<td::StateDict>& state, bool save) {
    Setup setup;
    if (state && !save) td::restore(setup, *state);
    td::Callback saver;
    td::Index batches = 0;
    saver.on_batch = [&] {
      if (save && ++batches == 8) state = td::state_of(setup);
    };
    td::FitOptions options = setup.options(saver);
    options.shard_size = 12;
    return setup.trainer.fit(training, options).back().loss;
  };
  std::optional<td::StateDict> state;
  const double whole = run(state, true);
  BOOST_TEST(run(state, false) == whole);
}

BOOST_AUTO_TEST_CASE(other_data_or_batches_are_refused_before_anything_happens) {
  std::vector<td::StateDict> states;
  train_and_save(states, 1);
  const td::StateDict& state = states[7];  // after the fourth batch of five, of which each has two states
  Setup setup;
  td::restore(setup, state);
  td::FitOptions options = setup.options({});
  options.batch_size = 100;
  BOOST_TEST(
      complaint<td::UsageError>([&] { setup.trainer.fit(training, options); }) ==
      "Trainer::fit: the state of a fit whose next batch is 4 of an epoch; expected the data and batch_size "
      "that it was taken with (an epoch has 2 here)");
  // It was not lost.
  BOOST_TEST(setup.trainer.fit(training, setup.options({}, 1)).back().loss ==
             resume(state, 1).history.back().loss);
}

BOOST_AUTO_TEST_CASE(a_state_is_not_put_back_while_it_trains) {
  Setup setup;
  const td::StateDict state = td::state_of(setup);
  td::Callback callback;
  callback.on_batch = [&] { td::restore(setup, state); };
  BOOST_TEST(
      contains(complaint<td::UsageError>([&] { setup.trainer.fit(training, setup.options(callback)); }),
               "Trainer: a state put back while it trains"));
  BOOST_CHECK_NO_THROW(setup.trainer.fit(training, setup.options({})));
}

BOOST_AUTO_TEST_CASE(a_fit_that_threw_leaves_no_run) {
  Setup setup;
  td::Callback callback;
  callback.on_batch = [] { throw std::runtime_error("enough"); };
  BOOST_CHECK_THROW(setup.trainer.fit(training, setup.options(callback)), std::runtime_error);
  BOOST_TEST(td::state_of(setup).find("trainer/run/epoch") == nullptr);
  BOOST_TEST(setup.trainer.fit(training, setup.options({})).front().epoch == 0);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
