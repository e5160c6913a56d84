// Every allocation of a pass fails once, in every way to run one; the same objects then work.

#include "support/allocations.hpp"

#ifndef TEST_THREAD_SANITIZER

#include <boost/test/unit_test.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "support/evidence.hpp"
#include "support/workloads.hpp"
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

BOOST_AUTO_TEST_SUITE(tape)
BOOST_AUTO_TEST_SUITE(failing_allocations)

namespace {

using test::Evidence;
using test::Promise;

// A model with running statistics and a mask, its store and the memory of its tapes, all of them new.
struct Objects {
  td::ParameterStore store{{.seed = 1, .scalar = td::f64}};
  td::Sequential model = test::with_batch_norm(store);
  td::Memory memory;
  const arma::mat x = arma::reshape(arma::linspace(-1, 2, 12), 2, 6);

  Objects() { store.seal(); }
  td::Value outputs(const td::Value& in) const { return td::dropout(model(in), 0.5); }
};

// What a pass gives: its output and the gradients, or whatever else can be compared.
using Numbers = std::vector<double>;

void append(Numbers& to, const arma::mat& m) { to.insert(to.end(), m.begin(), m.end()); }

Numbers with_gradients(Objects& o, const arma::mat& output) {
  Numbers all;
  append(all, output);
  for (const td::ParameterView& p : o.store.parameters()) append(all, p.gradient<double>());
  return all;
}

Numbers trained(Objects& o, const td::TapeOptions& options) {
  td::Tape tape(o.store, o.memory, options);
  const td::Value y = o.outputs(tape.input(o.x));
  o.store.zero_grad();
  tape.backward(td::sum(td::tanh(y)));
  return with_gradients(o, y.matrix<double>());
}

struct Way {
  const char* name;
  std::function<Numbers(Objects&)> pass;
};

std::vector<Way> ways() {
  return {
      {"train", [](Objects& o) { return trained(o, {.step = 1}); }},
      {"trace", [](Objects& o) { return trained(o, {.trace = true, .step = 1}); }},
      {"check_finite", [](Objects& o) { return trained(o, {.check_finite = true, .step = 1}); }},
      {"evaluate",
       [](Objects& o) {
         td::Tape tape(o.store, o.memory, td::evaluate);
         Numbers all;
         append(all, o.outputs(tape.borrow(o.x)).matrix<double>());
         return all;
       }},
      {"recompute",
       [](Objects& o) {
         td::Tape tape(o.store, o.memory, {.trace = true, .step = 1});
         const auto block = [&o](const td::Value& in) { return o.outputs(in); };
         td::Value y = tape.recompute(block, tape.variable(o.x));
         y = tape.recompute([&](const td::Value& in) { return td::tanh(tape.recompute(block, in)); }, y);
         o.store.zero_grad();
         tape.backward(td::sum(td::tanh(y)));
         return with_gradients(o, y.matrix<double>());
       }},
      {"vjp",
       [](Objects& o) {
         td::Tape tape(o.store, o.memory, {.step = 1});
         const td::Value x = tape.variable(o.x);
         const td::Value y = td::sum(tape.recompute([&](const td::Value& in) { return o.outputs(in); }, x));
         Numbers all;
         append(all, tape.vjp<double>({y}, {x}).front());
         append(all, tape.vjp<double>({y}, {x}).front());
         return all;
       }},
      {"inputs of all kinds",
       [](Objects& o) {
         td::Tape tape(o.store, o.memory, {.step = 1});
         td::Memory other_memory;
         td::Tape other(o.store, other_memory, {.step = 1});
         const td::Value y = tape.carry(other.variable(o.x)) + tape.zeros({2, 6}) +
                             td::detach(tape.borrow(o.x)) + tape.variable(arma::fmat(2, 6, arma::fill::ones));
         Numbers all;
         append(all, y.matrix<double>());
         return all;
       }},
  };
}

}  // namespace

BOOST_AUTO_TEST_CASE(of_a_pass) {
  for (const Way& way : ways()) {
    BOOST_TEST_CONTEXT(way.name) {
      Objects reference;
      const Numbers wanted = way.pass(reference);
      Evidence evidence(Promise::faults, std::string("a pass, each allocation fails: ") + way.name);
      std::optional<Objects> objects;
      Numbers got;
      test::with_each_allocation_failing(
          evidence, [&] { objects.emplace(); }, [&] { got = way.pass(*objects); },
          [&](bool thrown) {
            if (thrown) got = way.pass(*objects);
            BOOST_TEST((got == wanted));
          });
    }
  }
}

BOOST_AUTO_TEST_CASE(of_a_tape_uses_up_no_step) {
  Objects o;
  BOOST_CHECK_THROW(test::with_failing_allocation(1, [&] { td::Tape(o.store, o.memory); }), std::bad_alloc);
  BOOST_TEST(o.store.internals().next_pass() == 0U);
}

BOOST_AUTO_TEST_CASE(of_a_record_leaves_the_other_records_of_a_tape_intact) {
  Evidence evidence(Promise::faults, "one record among others, each allocation fails");
  for (const bool trace : {false, true}) {
    for (long k = 1; k < 12; ++k) {
      Objects o;
      td::Tape tape(o.store, o.memory, {.trace = trace});
      const td::Value x = tape.variable(o.x);
      td::Value y = td::tanh(x);
      try {
        test::with_failing_allocation(k, [&] { td::tanh(y); });
      } catch (const std::bad_alloc&) {
      }
      y = td::scale(y, 2);
      tape.backward(td::sum(y));
      const arma::mat wanted = 2 * (1 - arma::square(arma::tanh(o.x)));
      BOOST_TEST(arma::abs(x.cotangent<double>() - wanted).max() < 1e-14);
      evidence.tried();
    }
  }
}

BOOST_AUTO_TEST_CASE(of_building_a_store_a_model_and_an_optimizer) {
  Evidence evidence(Promise::faults, "a store, a model, an optimizer, each allocation fails");
  const auto build = [] {
    td::ParameterStore store;
    const td::Sequential model{td::Linear{store.scope("a"), 3, 4},
                               td::BatchNorm{store.scope("b"), 4},
                               {"again", td::Dropout{{.probability = 0.5}}},
                               td::ReLU{}};
    td::Adam optimizer{store, {.learning_rate = 0.1}};
    optimizer.group(td::groups::biases, {.weight_decay = 0});
    td::StepDecay scheduler{optimizer, {.every = 2, .factor = 0.5}};
    const td::ParameterStore copy = store.copy(td::f64);
  };
  test::with_each_allocation_failing(
      evidence, [] {}, build, [](bool) {});
}

BOOST_AUTO_TEST_CASE(of_a_store_leaves_it_to_be_gone_on_with) {
  Evidence evidence(Promise::faults, "adding to a store and sealing it, each allocation fails");
  std::optional<td::ParameterStore> store;
  const auto add = [&](const std::string& name) {
    if (!store->contains(name)) store->add(name, {3, 4}, td::normal(1));
  };
  const auto build = [&] {
    add("a");
    add("b");
    store->seal();
    store->initialize(td::normal(2));
    store->reset(7);
  };
  test::with_each_allocation_failing(
      evidence, [&] { store.emplace(td::ParameterStore::Options{.seed = 3}); }, build,
      [&](bool thrown) {
        if (thrown) build();
        BOOST_TEST(store->size() == 2U);
        td::ParameterStore other{{.seed = 7}};
        other.add("a", {3, 4}, td::normal(2));
        other.add("b", {3, 4}, td::normal(2));
        for (const char* name : {"a", "b"}) {
          BOOST_TEST(arma::approx_equal(store->parameter(name).value<float>(),
                                        other.parameter(name).value<float>(), "absdiff", 0));
        }
      });
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()

#endif
