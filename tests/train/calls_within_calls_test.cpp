// Each of a Trainer's functions, called while it fits, evaluates or predicts: it works, or throws UsageError
// and leaves what is running as it was.

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "param/support.hpp"
#include "support/complaint.hpp"
#include "support/evidence.hpp"
#include "support/threads.hpp"
#include "tapedeck/tape/op.hpp"
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;
using test::complaint;
using test::contains;
using test::same_bits;
using test::Threads;

BOOST_AUTO_TEST_SUITE(train)
BOOST_AUTO_TEST_SUITE(calls_within_calls)

namespace {

/// Where a function may be called from. Each place runs what is put into it: once, or every time.
struct Hook {
  std::function<void()> action;
  bool once = true;

  void operator()() {
    if (!action) return;
    if (!once) return action();
    std::exchange(action, {})();
  }
};

/// y = x     dx = dy, and `hook` is run on the way back.
struct HookedOp {
  static constexpr auto name = "hooked";
  static constexpr td::Signature signature = "x(f,b) -> y(f,b)";
  Hook* hook;

  void forward(auto& y, const auto& x) const { y = x; }
  void vjp(auto& dx, const auto& dy) const {
    (*hook)();
    dx += dy;
  }
};

struct Setup {
  Hook in_model;
  Hook in_vjp;
  Hook in_loss;
  Hook in_callback;
  td::ParameterStore store{{.seed = 3}};
  td::Sequential model{td::Linear{store.scope("fc_1"), 2, 4},
                       [this](const td::Value& x) {
                         in_model();
                         return td::apply(HookedOp{&in_vjp}, x);
                       },
                       td::Dropout{{.probability = 0.3}}, td::Linear{store.scope("fc_2"), 4, 2}};
  td::Adam optimizer{store, {.learning_rate = 0.1}};
  td::Trainer trainer{store, model, optimizer, [this](const td::Value& y, const td::Operand& labels) {
                        in_loss();
                        return td::cross_entropy(y, labels, td::batch_mean);
                      }};
};

const td::Dataset data = td::disk(40, 1);
const td::Dataset validation = td::disk(20, 2);

using Callbacks = std::vector<td::Callback>;

/// Two epochs of four batches.
std::vector<td::EpochReport> fit(Setup& s, Callbacks callbacks, std::optional<td::Index> shard_size = {}) {
  return s.trainer.fit(data, {.epochs = 2,
                              .batch_size = 10,
                              .shard_size = shard_size,
                              .validation = &validation,
                              .callbacks = std::move(callbacks)});
}

/// Puts the action into `hook` when the second batch is done, so that the next pass meets it.
td::Callback armed(Hook& hook, const std::function<void()>& action) {
  td::Callback callback;
  callback.on_batch = [&hook, action, batch = 0]() mutable {
    if (++batch == 2) hook.action = action;
  };
  return callback;
}

struct Context {
  std::string name;
  std::function<void(Setup&, const std::function<void()>&)> run;
};

const std::vector<Context> callbacks{{"on_gradient",
                                      [](Setup& s, const auto& action) {
                                        s.in_callback.action = action;
                                        td::Callback callback;
                                        callback.on_gradient = [&](const td::StepReport&) {
                                          s.in_callback();
                                        };
                                        fit(s, {callback});
                                      }},
                                     {"on_step",
                                      [](Setup& s, const auto& action) {
                                        s.in_callback.action = action;
                                        fit(s, {{{}, [&](const td::StepReport&) { s.in_callback(); }}});
                                      }},
                                     {"on_batch",
                                      [](Setup& s, const auto& action) {
                                        s.in_callback.action = action;
                                        td::Callback callback;
                                        callback.on_batch = [&] { s.in_callback(); };
                                        fit(s, {callback});
                                      }},
                                     {"on_epoch", [](Setup& s, const auto& action) {
                                        s.in_callback.action = action;
                                        fit(s, {[&](td::EpochReport&) { s.in_callback(); }});
                                      }}};

const std::vector<Context> passes{
    {"the model, before the first step of fit",
     [](Setup& s, const auto& action) {
       s.in_model.action = action;
       fit(s, {});
     }},
    {"the model in fit", [](Setup& s, const auto& action) { fit(s, {armed(s.in_model, action)}); }},
    {"a vjp in fit", [](Setup& s, const auto& action) { fit(s, {armed(s.in_vjp, action)}); }},
    {"the loss in fit", [](Setup& s, const auto& action) { fit(s, {armed(s.in_loss, action)}); }},
    {"the model in validation",
     [](Setup& s, const auto& action) {
       td::Callback callback;
       callback.on_batch = [&, batch = 0]() mutable {
         if (++batch == 4) s.in_model.action = action;
       };
       fit(s, {callback});
     }},
    {"the model in evaluate",
     [](Setup& s, const auto& action) {
       s.in_model.action = action;
       s.trainer.evaluate(data);
       fit(s, {});
     }},
    {"the loss in evaluate",
     [](Setup& s, const auto& action) {
       s.in_loss.action = action;
       s.trainer.evaluate(data);
       fit(s, {});
     }},
    {"the model in predict",
     [](Setup& s, const auto& action) {
       s.in_model.action = action;
       s.trainer.predict(data.x<double>());
       fit(s, {});
     }},
    {"the model in evaluate in a callback", [](Setup& s, const auto& action) {
       td::Callback callback;
       callback.on_batch = [&, batch = 0]() mutable {
         if (++batch != 2) return;
         s.in_model.action = action;
         s.trainer.evaluate(data);
       };
       fit(s, {callback});
     }}};

/// A function of a Trainer, and whether a callback may call it.
struct Call {
  std::string name;
  bool works_in_callbacks;
  std::function<void(Setup&)> call;
};

const std::vector<Call> calls{
    {"fit", false, [](Setup& s) { fit(s, {}); }},
    {"evaluate", true, [](Setup& s) { s.trainer.evaluate(data); }},
    {"predict", true, [](Setup& s) { s.trainer.predict(data.x<double>()); }},
    {"set_loss", false, [](Setup& s) { s.trainer.set_loss(td::MSELoss{td::batch_mean}); }},
    {"taking the state", true, [](Setup& s) { td::state_of(s.trainer); }},
    {"putting a state back", false, [](Setup& s) {
       static const td::StateDict state = [] {
         Setup other;
         return td::state_of(other.trainer);
       }();
       td::restore(s.trainer, state);
     }}};

/// What training leaves: the parameters and the place in the random streams.
struct Outcome {
  td::FlatBuffer values;
  std::string state;

  explicit Outcome(Setup& s) : values(s.store.values()) {
    const td::StateDict taken = td::state_of(s.trainer);
    for (const td::StateDict::Entry& e : taken.entries()) {
      state += e.name + ' ' + std::to_string(std::get<td::IndexMatrix>(e.value)[0]) + '\n';
    }
  }
  friend bool operator==(const Outcome& a, const Outcome& b) {
    return same_bits(a.values, b.values) && a.state == b.state;
  }
};

Outcome undisturbed() {
  Setup s;
  fit(s, {});
  return Outcome(s);
}

/// What the call says when it is made in that context: "works", or its UsageError.
std::string said_by(const Call& call, Setup& s, const Context& context) {
  std::string said = "was not called";
  context.run(s, [&] {
    try {
      call.call(s);
      said = "works";
    } catch (const td::UsageError& error) {
      said = error.what();
    }
  });
  return said;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_function_in_every_context_works_or_is_refused) {
  const Outcome expected = undisturbed();
  test::Evidence evidence(test::Promise::faults, "a Trainer's functions called within its own calls");
  evidence.outcome("works or UsageError, and training ends with the same bits");
  for (const Call& call : calls) {
    for (const std::vector<Context>* contexts : {&callbacks, &passes}) {
      for (const Context& context : *contexts) {
        Setup s;
        const std::string said = said_by(call, s, context);
        BOOST_TEST_CONTEXT(call.name << " from " << context.name) {
          if (call.works_in_callbacks && contexts == &callbacks) {
            BOOST_TEST(said == "works");
          } else {
            BOOST_TEST(said.starts_with("Trainer"), said);
          }
          BOOST_TEST((Outcome(s) == expected));
        }
        evidence.tried();
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(the_messages_say_what_to_do_instead) {
  const auto said = [](td::Index call, const Context& context) {
    Setup s;
    return said_by(calls[call], s, context);
  };
  BOOST_TEST(said(0, callbacks[0]) ==
             "Trainer::fit: a call within a fit of the same Trainer; expected one fit at a time (report.stop "
             "= true in on_epoch ends the one that runs)");
  BOOST_TEST(said(2, passes[0]) ==
             "Trainer::predict: a call from the model or loss that this Trainer runs; expected one from "
             "elsewhere, such as a callback (td::predict(store, model, x) applies another model)");
  BOOST_TEST(said(3, callbacks[0]) ==
             "Trainer::set_loss: another loss while fit runs; expected one loss for each call of fit");
}

// The pass that went wrong, and its repetition that looks for the first record that did.
BOOST_AUTO_TEST_CASE(the_repetition_of_a_bad_pass_is_a_pass_too) {
  for (const Call& call : calls) {
    Setup s;
    std::vector<std::string> said;
    td::Callback callback;
    callback.on_batch = [&, batch = 0]() mutable {
      if (++batch != 2) return;
      s.store.parameter("fc_2.weight").value<float>().fill(std::numeric_limits<float>::quiet_NaN());
      s.in_model = {[&] { said.push_back(complaint<td::UsageError>([&] { call.call(s); })); }, false};
    };
    BOOST_CHECK_THROW(fit(s, {callback}), td::NonFiniteError);
    BOOST_TEST(said.size() == 2U, call.name);
    for (const std::string& text : said) BOOST_TEST(text.starts_with("Trainer"), text);
  }
}

// Every shard of the third batch makes the call, on whatever thread it runs.
BOOST_AUTO_TEST_CASE(threads_that_run_shards_are_refused_too) {
  for (const td::Index threads : {1U, 4U}) {
    const Threads set(threads);
    Setup twin;
    fit(twin, {}, 3);
    for (const Call& call : calls) {
      Setup s;
      std::mutex mutex;
      std::vector<std::string> said;
      td::Callback callback;
      callback.on_batch = [&, batch = 0]() mutable {
        ++batch;
        s.in_model = {batch != 2 ? std::function<void()>{} : [&] {
          std::string text = "works";
          try {
            call.call(s);
          } catch (const td::UsageError& error) {
            text = error.what();
          }
          const std::lock_guard lock(mutex);
          said.push_back(text);
        }, false};
      };
      fit(s, {callback}, 3);
      BOOST_TEST(said.size() == 4U, call.name);
      for (const std::string& text : said) BOOST_TEST(text.starts_with("Trainer"), text);
      BOOST_TEST((Outcome(s) == Outcome(twin)), call.name);
    }
  }
}

// The visitor was given the Trainer before fit, and its commit cannot throw.
BOOST_AUTO_TEST_CASE(a_state_committed_within_fit_is_for_the_next_one) {
  const Outcome expected = undisturbed();
  struct State {
    td::StateDict store, optimizer, trainer;
  } state;  // at the sixth batch of a fit
  {
    Setup donor;
    td::Callback taker;
    taker.on_batch = [&, batch = 0]() mutable {
      if (++batch != 6) return;
      state = {td::state_of(donor.store), td::state_of(donor.optimizer), td::state_of(donor.trainer)};
    };
    fit(donor, {taker});
    BOOST_TEST((Outcome(donor) == expected));
  }
  test::Evidence evidence(test::Promise::faults, "a Trainer's state committed within its own calls");
  evidence.outcome("the running fit ignores it, and the next one goes on from it");
  for (const std::vector<Context>* contexts : {&callbacks, &passes}) {
    for (const Context& context : *contexts) {
      if (contexts == &passes && !contains(context.name, "fit")) continue;
      BOOST_TEST_CONTEXT(context.name) {
        Setup s;
        td::StateVisitor visitor(std::as_const(state.trainer));
        s.trainer.visit_state(visitor);
        visitor.require_fit(true);
        context.run(s, [&] { visitor.commit(); });
        BOOST_TEST(same_bits(s.store.values(), expected.values));
        td::restore(s.store, state.store);
        td::restore(s.optimizer, state.optimizer);
        BOOST_TEST(fit(s, {td::Callback{}}).size() == 2U);
        BOOST_TEST((Outcome(s) == expected));
      }
      evidence.tried();
    }
  }
}

BOOST_AUTO_TEST_CASE(what_was_refused_works_afterwards) {
  for (const Context& context : callbacks) {
    Setup s;
    said_by(calls[0], s, context);
    for (const Call& call : calls) BOOST_CHECK_NO_THROW(call.call(s));
  }
}

BOOST_AUTO_TEST_CASE(a_trainer_is_refused_once_its_store_or_optimizer_was_destroyed) {
  const auto make = [] {
    auto store = std::make_unique<td::ParameterStore>();
    const td::Linear layer{store->scope("fc"), 2, 2};
    auto optimizer = std::make_unique<td::SGD>(*store);
    auto trainer =
        std::make_unique<td::Trainer>(*store, layer, *optimizer, td::CrossEntropyLoss{td::batch_mean});
    return std::tuple(std::move(store), std::move(optimizer), std::move(trainer));
  };
  {
    auto [store, optimizer, trainer] = make();
    optimizer.reset();
    BOOST_TEST(
        complaint<td::UsageError>([&, &t = trainer] { t->fit(data, {}); }) ==
        "Trainer::fit: a call after its optimizer was destroyed; expected one while its optimizer lives");
    BOOST_CHECK_NO_THROW(trainer->evaluate(data));
    BOOST_CHECK_NO_THROW(trainer->predict(data.x<double>()));
  }
  auto [store, optimizer, trainer] = make();
  td::Trainer& t = *trainer;
  optimizer.reset();
  store.reset();
  const std::string what = ": a call after its store was destroyed; expected one while its store lives";
  BOOST_TEST(complaint<td::UsageError>([&] { t.fit(data, {}); }) == "Trainer::fit" + what);
  BOOST_TEST(complaint<td::UsageError>([&] { t.evaluate(data); }) == "Trainer::evaluate" + what);
  BOOST_TEST(complaint<td::UsageError>([&] { t.predict(data.x<double>()); }) == "Trainer::predict" + what);
  BOOST_TEST(complaint<td::UsageError>([&] { td::state_of(t); }) == "Trainer::visit_state" + what);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
