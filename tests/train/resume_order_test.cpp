// A resumed fit goes on behind the callback that saved, whatever the order of callbacks.

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "support/complaint.hpp"
#include "support/evidence.hpp"
#include "train/resume_fixture.hpp"

namespace td = tapedeck;
using test::complaint;
using test::same_bits;

BOOST_AUTO_TEST_SUITE(train)
BOOST_AUTO_TEST_SUITE(resume_order)

namespace {

enum class Event { gradient, step, batch, epoch };
constexpr std::array<const char*, 4> names{"on_gradient", "on_step", "on_batch", "on_epoch"};

/// What the saver throws in place of the crash after its save.
struct Killed {};

/// Stops training once it was called often enough. What it counts is part of the state.
struct Stopper {
  td::Index patience;
  td::Index calls = 0;

  void visit_state(td::StateVisitor& visitor) { visitor.count("calls", calls); }
};

/// Four callbacks that depend on each other's order: the logger sees the rate that the scheduler sets, the
/// gradient that it shrinks, and the stop that the stopper asks for.
struct Setup : test::Resumable {
  Event event;
  Stopper stopper;
  td::ExponentialDecay scheduler{optimizer, {.factor = 0.9}};
  std::ostringstream log;
  td::Index saves = 0;
  td::Index killed_in = 0;  ///< number of the save after which it is killed, from 1; 0: never
  td::StateDict saved;

  Setup(Event of, td::Index patience) : event(of), stopper{patience} {
    add("scheduler", scheduler).add("stopper", stopper);
  }

  /// A callback that does this at the event.
  td::Callback at_event(const std::function<void()>& action) const {
    td::Callback callback;
    if (event == Event::gradient) callback.on_gradient = [=](const td::StepReport&) { action(); };
    if (event == Event::step) callback.on_step = [=](const td::StepReport&) { action(); };
    if (event == Event::batch) callback.on_batch = action;
    if (event == Event::epoch) callback.on_epoch = [=](td::EpochReport&) { action(); };
    return callback;
  }

  td::Callback make_saver() {
    return at_event([this] {
      saved = td::state_of(*this);
      if (++saves == killed_in) throw Killed{};
    });
  }
  td::Callback make_scheduler() {
    return at_event([this] {
      scheduler.step();
      if (event == Event::gradient) store.gradients() *= 0.75;
    });
  }
  td::Callback make_logger() {
    td::Callback logger = at_event([this] { log << "at " << optimizer.learning_rate() << '\n'; });
    const auto log_step = [this](const td::StepReport& r) {
      log << "step " << r.epoch << '/' << r.epochs << ' ' << r.step << '/' << r.steps << ' ' << r.loss
          << " gradient " << store.gradients().norm() << " at " << optimizer.learning_rate() << '\n';
    };
    if (event == Event::gradient) logger.on_gradient = log_step;
    if (event == Event::step) logger.on_step = log_step;
    logger.on_epoch = [this](const td::EpochReport& r) {
      log << "epoch " << r.epoch << '/' << r.epochs << ' ' << r.loss << ' ' << *r.validation_loss << ' '
          << r.learning_rate << " at " << optimizer.learning_rate() << (r.stop ? " stop" : "") << '\n';
    };
    log.precision(17);
    return logger;
  }
  td::Callback make_stopper() {
    td::Callback callback = at_event([this] { ++stopper.calls; });
    callback.on_epoch = [this](td::EpochReport& report) {
      if (event == Event::epoch) ++stopper.calls;
      report.stop = report.stop || stopper.calls >= stopper.patience;
    };
    return callback;
  }

  /// Four epochs at most, of five batches in three steps.
  std::vector<td::EpochReport> fit(const std::array<int, 4>& order) {
    static const td::Dataset training = td::disk(45, 1);
    static const td::Dataset validation = td::disk(20, 2);
    const std::array made{make_saver(), make_scheduler(), make_logger(), make_stopper()};
    td::FitOptions options{.epochs = 4,
                           .batch_size = 10,
                           .accumulate = 2,
                           .validation = &validation,
                           .early_stopping = td::EarlyStopping{.patience = 2}};
    for (const int i : order) options.callbacks.push_back(made[static_cast<std::size_t>(i)]);
    return trainer.fit(training, options);
  }
};

/// Kills a run in each of its saves, goes on from the state that was saved, and compares with the run that
/// nobody kills. `patience`: after how many events the stopper stops it.
void check(Event event, const std::array<int, 4>& order, td::Index patience, test::Evidence& evidence) {
  Setup whole{event, patience};
  const std::vector<td::EpochReport> history = whole.fit(order);
  for (td::Index k = 1; k <= whole.saves; ++k) {
    Setup killed{event, patience};
    killed.killed_in = k;
    BOOST_CHECK_THROW(killed.fit(order), Killed);
    Setup resumed{event, patience};
    td::restore(resumed, killed.saved);
    const std::vector<td::EpochReport> resumed_history = resumed.fit(order);
    BOOST_TEST_CONTEXT(names[static_cast<std::size_t>(event)] << ", order " << order[0] << order[1]
                                                              << order[2] << order[3] << ", save " << k) {
      BOOST_TEST(test::same_entries(td::state_of(resumed), td::state_of(whole)));
      BOOST_TEST(test::same_reports(resumed_history, history));
      BOOST_TEST(killed.log.str() + resumed.log.str() == whole.log.str());
    }
    evidence.tried();
  }
}

}  // namespace

// An event occurs 12, 12, 20 or 4 times in four epochs; the stopper stops training after two, or never.
BOOST_AUTO_TEST_CASE(every_order_of_callbacks_resumes_with_the_same_bits) {
  constexpr std::array<td::Index, 4> in_two_epochs{6, 6, 10, 2};
  for (const Event event : {Event::gradient, Event::step, Event::batch, Event::epoch}) {
    const auto e = static_cast<std::size_t>(event);
    test::Evidence evidence(
        test::Promise::resuming,
        std::string("training, saver, scheduler, logger and stopper in every order, ") + names[e]);
    evidence.outcome("24 orders, stopped or not, from each save; all states, history and log");
    for (const td::Index patience : {in_two_epochs[e], td::Index{1000}}) {
      std::array<int, 4> order{0, 1, 2, 3};
      do {
        check(event, order, patience, evidence);
      } while (std::next_permutation(order.begin(), order.end()));
    }
  }
}

namespace {

/// A step after which the state is taken by the first of some callbacks.
struct Small {
  td::ParameterStore store{{.seed = 1}};
  td::Linear layer{store.scope("fc"), 2, 2};
  td::SGD optimizer{store};
  td::Trainer trainer{store, layer, optimizer, td::CrossEntropyLoss{td::batch_mean}};

  std::vector<td::EpochReport> fit(std::vector<td::Callback> callbacks, td::Index epochs = 2,
                                   const td::Dataset* validation = nullptr) {
    return trainer.fit(
        td::disk(20, 1),
        {.epochs = epochs, .batch_size = 10, .validation = validation, .callbacks = std::move(callbacks)});
  }
};

/// The trainer's state, taken once in the first callback of three, at the end of an epoch.
td::StateDict taken_after(td::Index epoch, const td::Dataset* validation = nullptr) {
  Small s;
  td::StateDict state;
  const td::Callback taker = [&](td::EpochReport& report) {
    if (report.epoch == epoch) state = td::state_of(s.trainer);
  };
  s.fit({taker, {}, {}}, 2, validation);
  return state;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_list_of_another_length_is_refused_before_anything_happens) {
  const td::StateDict state = taken_after(0);
  Small s;
  td::restore(s.trainer, state);
  const td::FlatBuffer before = s.store.values();
  for (const td::Index count : {0U, 1U, 2U, 4U}) {
    BOOST_TEST(complaint<td::UsageError>([&] { s.fit(std::vector<td::Callback>(count)); }) ==
               "Trainer::fit: the state of a fit with 3 callbacks; expected as many, in the same order "
               "(there are " +
                   std::to_string(count) +
                   " here; those after the one that took the state are called first)");
    BOOST_TEST(same_bits(s.store.values(), before));
  }
  std::string calls;
  const auto named = [&](const char* name) {
    return td::Callback{[&calls, name](td::EpochReport&) { calls += name; }, {}};
  };
  BOOST_TEST(s.fit({named("a"), named("b"), named("c")}).size() == 2U);  // it was not lost
  BOOST_TEST(calls == "bcabc");
}

BOOST_AUTO_TEST_CASE(callbacks_after_the_last_epoch_are_called_too) {
  const td::StateDict state = taken_after(1);
  Small s;
  td::restore(s.trainer, state);
  const td::FlatBuffer before = s.store.values();
  std::vector<td::Index> epochs;
  const td::Callback remember = [&](td::EpochReport& report) { epochs.push_back(report.epoch); };
  BOOST_TEST(s.fit({remember, {}, remember}).size() == 2U);
  BOOST_TEST(epochs == std::vector<td::Index>{1}, boost::test_tools::per_element());
  BOOST_TEST(same_bits(s.store.values(), before));  // nothing was left to train
}

BOOST_AUTO_TEST_CASE(a_stop_that_was_asked_for_before_the_save_is_kept) {
  Small s;
  td::StateDict state;
  const td::Callback stop = [](td::EpochReport& report) { report.stop = report.epoch == 1; };
  const td::Callback taker = [&](td::EpochReport&) { state = td::state_of(s.trainer); };
  BOOST_TEST(s.fit({stop, taker}, 9).size() == 2U);
  Small other;
  td::restore(other.trainer, state);
  const auto history = other.fit({stop, taker}, 9);
  BOOST_TEST(history.size() == 2U);
  BOOST_TEST(history.back().stop);
}

BOOST_AUTO_TEST_CASE(a_validation_loss_that_is_no_number_is_kept) {
  const td::Dataset bad{arma::mat(2, 3, arma::fill::value(std::nan(""))), td::IndexMatrix(1, 3)};
  const td::StateDict state = taken_after(0, &bad);
  Small s;
  td::restore(s.trainer, state);
  const auto history = s.fit({{}, {}, {}}, 1);
  BOOST_TEST_REQUIRE(history.size() == 1U);
  BOOST_TEST_REQUIRE(history[0].validation_loss.has_value());
  BOOST_TEST(std::isnan(*history[0].validation_loss));
}

// No Trainer gives such a state; it must not lead beyond the end of the history.
BOOST_AUTO_TEST_CASE(the_end_of_an_epoch_without_a_history_is_refused) {
  const td::StateDict taken = taken_after(0);
  td::StateDict changed;
  for (td::StateDict::Entry entry : taken.entries()) {
    if (entry.name.starts_with("run/history/")) {
      std::visit([](auto& m) { m.set_size(0, 1); }, entry.value);
      entry.dimensions.reset();  // those of the matrix as it is now
    }
    changed.add(entry);
  }
  for (const auto& [name, words] : taken.words()) changed.add_words(name, words);
  Small s;
  BOOST_TEST(complaint<td::StateError>([&] { td::restore(s.trainer, changed); }) ==
             "restore: \"run/event\" is the end of an epoch, of which the history has none; expected the "
             "state of the same objects (nothing was changed)");
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
