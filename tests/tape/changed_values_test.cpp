// A vjp that needs a value which was changed since the forward pass is refused; any other goes through.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <functional>
#include <string>

#include "support/complaint.hpp"
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;
using test::complaint;

BOOST_AUTO_TEST_SUITE(tape)

namespace {

// Two scalar layers y = w x with w = 2, without and with a bias of 1, and an optimizer of both.
struct TwoLayers {
  td::ParameterStore store{{.scalar = td::f64}};
  td::Linear d{store.scope("d"), 1, 1, {.bias = false, .weight_values = td::constant(2)}};
  td::Linear g{store.scope("g"), 1, 1, {.weight_values = td::constant(2), .bias_values = td::constant(1)}};
  td::Buffer mean = store.add_buffer("mean", {1, 1}, 3);
  td::SGD optimizer{store, {.learning_rate = 1}};
  td::Memory memory;
  td::Memory other_memory;
  const arma::mat one{arma::mat(1, 1, arma::fill::ones)};
  td::Tape tape{store, memory};
  td::Value x = tape.variable(one);

  // One step of the optimizer on one layer alone.
  void step(const td::Linear& layer) {
    td::Tape other(store, other_memory);
    store.zero_grad();
    other.backward(td::sum(layer(other.input(one))));
    optimizer.step();
  }
  double derivative(const td::Value& y) {
    tape.backward(y);
    return x.cotangent<double>()[0];
  }
};

std::string changed(const std::string& what, const std::string& by, const std::string& op = "product") {
  return op + ": \"" + what + "\" was changed by " + by +
         " after the forward pass used it; expected the values of the forward pass (go back before changing "
         "it, "
         "or record a new tape after)";
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(changed_values, TwoLayers)

BOOST_AUTO_TEST_CASE(are_named_with_what_changed_them) {
  struct Change {
    const char* by;
    void (*make)(TwoLayers&);
  };
  constexpr Change changes[] = {
      {"the optimizer's step", [](TwoLayers& t) { t.step(t.d); }},
      {"a state that was restored", [](TwoLayers& t) { td::restore(t.store, td::state_of(t.store)); }},
      {"reset", [](TwoLayers& t) { t.store.reset(); }},
      {"reset", [](TwoLayers& t) { t.store.parameter("d.weight").reset(); }},
      {"initialize", [](TwoLayers& t) { t.store.initialize(td::constant(4)); }},
      {"blend",
       [](TwoLayers& t) {
         td::ParameterStore copy = t.store.copy();
         t.store.blend(copy, 0.5);
       }},
      {"early stopping",
       [](TwoLayers& t) {
         td::Trainer trainer{t.store, t.d, t.optimizer, td::MSELoss{td::batch_mean}};
         trainer.fit({t.one, t.one}, {.early_stopping = td::EarlyStopping{}});
       }},
  };
  for (const Change& change : changes) {
    TwoLayers t;
    const td::Value y = t.d(t.x);
    change.make(t);
    const std::string wanted = changed("d.weight", change.by);
    BOOST_TEST(complaint<td::UsageError>([&] { t.tape.vjp<double>({y}, {t.x}); }) == wanted);
    BOOST_TEST(complaint<td::UsageError>([&] { t.tape.backward(y); }) == wanted);
  }
}

BOOST_AUTO_TEST_CASE(of_buffers_are_named_too) {
  const td::Value y = td::multiply(x, tape.buffer(mean));
  store.gradients().record_statistic(mean.slot(), arma::mat{5.0}, 0.5);
  store.commit_statistics();
  BOOST_TEST(complaint<td::UsageError>([&] { tape.backward(y); }) ==
             changed("mean", "running statistics", "multiply"));
}

BOOST_AUTO_TEST_CASE(do_no_harm_where_no_vjp_needs_them) {
  const td::Value through_g = g(x);
  d(x);  // not reached
  step(d);
  BOOST_TEST(derivative(through_g) == 2);
}

BOOST_AUTO_TEST_CASE(do_no_harm_to_a_bias_which_no_vjp_reads) {
  const td::Value y = td::tanh(td::add(x, g.bias()));
  store.parameter("g.bias").reset();
  BOOST_TEST(derivative(y) == 1 - std::pow(std::tanh(2.0), 2), boost::test_tools::tolerance(1e-15));
}

BOOST_AUTO_TEST_CASE(do_no_harm_before_the_forward_pass) {
  step(d);  // w is 1 now; the tape is older
  BOOST_TEST(derivative(d(x)) == 1);
}

BOOST_AUTO_TEST_CASE(are_found_between_two_uses) {
  const td::Value before = d(x);
  step(d);
  const td::Value after = d(x);
  BOOST_TEST(tape.vjp<double>({after}, {x}).front()[0] == 1);
  BOOST_TEST(complaint<td::UsageError>([&] { tape.backward(before + after); }) ==
             changed("d.weight", "the optimizer's step"));
}

BOOST_AUTO_TEST_CASE(are_found_behind_detach_and_borrow) {
  const td::Value w = tape.parameter(d.weight());
  const td::Value detached = td::multiply(x, td::detach(w));
  const td::Value borrowed = td::multiply(x, tape.borrow(store.parameter(d.weight()).value<double>()));
  step(d);
  for (const td::Value& y : {detached, borrowed}) {
    BOOST_TEST(complaint<td::UsageError>([&] { tape.vjp<double>({y}, {x}); }) ==
               changed("d.weight", "the optimizer's step", "multiply"));
  }
}

BOOST_AUTO_TEST_CASE(are_found_in_what_is_recomputed) {
  // The result does not tell: tanh is 1 before and after.
  const auto flat = [&](const td::Value& in) { return td::tanh(td::scale(g(in), 100)); };
  const td::Value y = tape.recompute(flat, x);
  store.parameter("g.bias").reset();
  BOOST_TEST(complaint<td::UsageError>([&] { tape.backward(y); }) == changed("g.bias", "reset", "recompute"));
}

BOOST_AUTO_TEST_CASE(leave_incomplete_gradients_that_no_step_takes) {
  const td::Value y = d(td::tanh(g(x)));
  store.zero_grad();
  step(g);
  BOOST_CHECK_THROW(tape.backward(y), td::UsageError);
  BOOST_TEST(store.gradients().incomplete());
  BOOST_TEST(
      complaint<td::UsageError>([&] { optimizer.step(); }) ==
      "SGD: gradients of a backward that threw an error; expected store.zero_grad() and a backward that "
      "returns");
  step(g);
  BOOST_TEST(!store.gradients().incomplete());
}

BOOST_AUTO_TEST_CASE(through_value_and_in_borrowed_data_are_found_by_a_tape_that_checks) {
  const auto complaint_of = [&](const std::function<td::Value(td::Tape&, const td::Value&)>& f,
                                const std::function<void()>& change) {
    td::Tape checking(store, other_memory, {.check_finite = true});
    const td::Value y = f(checking, checking.variable(one));
    change();
    return complaint<td::UsageError>([&] { checking.backward(y); });
  };
  arma::mat data(1, 1, arma::fill::value(5));
  const auto through_d = [&](td::Tape&, const td::Value& v) { return d(v); };
  const auto times_data = [&](td::Tape& t, const td::Value& v) { return td::multiply(v, t.borrow(data)); };
  const auto recomputed = [&](td::Tape& t, const td::Value& v) {
    return t.recompute([&](const td::Value& in) { return td::tanh(td::scale(d(in), 100)); }, v);
  };
  const auto set = [&] { store.parameter(d.weight()).value<double>() += 1; };
  const std::string rest =
      " and was written to after the forward pass used it; expected the values of the forward pass (go back "
      "before changing it, or record a new tape after)";
  BOOST_TEST(complaint_of(through_d, set) == "product: a \"d.weight\" is 1x1" + rest);
  BOOST_TEST(complaint_of(times_data, [&] { data += 1; }) == "multiply: b is 1x1" + rest);
  BOOST_TEST(complaint_of(recomputed, set) == "recompute: an operand \"d.weight\" is 1x1" + rest);
  BOOST_TEST(complaint_of(through_d, [] {}) == "nothing was thrown");
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
