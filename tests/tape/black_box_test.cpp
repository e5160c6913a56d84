#include "tapedeck/tape/black_box.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <tuple>

#include "param/support.hpp"
#include "support/complaint.hpp"
#include "tape/black_box_network.hpp"
#include "tapedeck/ops/activation.hpp"
#include "tapedeck/ops/arithmetic.hpp"

namespace td = tapedeck;
using test::complaint;
using test::contains;
using test::box::Network;

BOOST_AUTO_TEST_SUITE(tape)
BOOST_AUTO_TEST_SUITE(black_box)

namespace {

using Scalars = std::tuple<float, double>;

// That of a pass with one variable and one matrix of labels.
td::StateDict state_of_a_pass() {
  Network network({.seed = 1});
  td::Tape tape{network.store, network.memory, {.step = 7}};
  tape.variable(arma::fmat{{1, 2}});
  tape.input(td::IndexMatrix{{12, 3}});
  return td::BlackBox(tape).state();
}

std::string refused(const td::StateDict& state) {
  return complaint<td::StateError>([&] { td::BlackBox{state}; });
}

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(a_pass_is_replayed_bit_for_bit, T, Scalars) {
  const auto& [box, before, means] = test::box::kept_pass<T>();
  BOOST_TEST(arma::norm(before.gradient) > 0);
  BOOST_TEST(arma::norm(before.cotangent) > 0);  // a variable is one again
  BOOST_TEST(box.tape_options().check_finite);
  BOOST_TEST(test::box::same(test::box::replay<T>(box), before));
  BOOST_TEST(test::box::same(test::box::replay<T>(td::BlackBox(box.state())), before));

  Network again(box.store_options());
  box.restore(again.store);
  BOOST_TEST(test::same_bits(again.store.buffer<T>("norm.running_mean"), means));
}

BOOST_AUTO_TEST_CASE(every_number_keeps_its_bits) {
  const td::BlackBox box(test::box::odd_box().state());
  BOOST_TEST((box.tape_options().mode == td::evaluate));
  BOOST_TEST(test::box::has_odd_inputs(box));
}

BOOST_AUTO_TEST_CASE(parameters_and_buffers_have_their_own_names_and_the_rest_is_under_pass) {
  const td::StateDict state = state_of_a_pass();
  const td::StateDict::Entry* bias = state.find("fc.bias");
  BOOST_REQUIRE(bias != nullptr);
  BOOST_TEST((bias->dimensions == td::Dimensions{4}));
  BOOST_TEST(state.find("norm.running_mean") != nullptr);
  BOOST_TEST(std::get<td::IndexMatrix>(state.find("pass/step")->value)[0] == 7U);
  BOOST_TEST(std::get<td::IndexMatrix>(state.find("pass/inputs/1")->value)[0] == 12U);
  const td::IndexMatrix& variables = std::get<td::IndexMatrix>(state.find("pass/variables")->value);
  BOOST_TEST(variables[0] == 1U);
  BOOST_TEST(variables[1] == 0U);
}

BOOST_AUTO_TEST_CASE(what_a_recomputed_function_puts_on_the_tape_is_left_to_it) {
  td::ParameterStore store;
  td::Memory memory;
  td::Tape tape{store, memory};
  const td::Value x = tape.variable(arma::fmat(2, 3, arma::fill::ones));
  tape.recompute([](const td::Value& h) { return td::tanh(h) + h.tape().input(arma::fmat(2, 3)); }, x);
  td::BlackBox box(tape);
  td::Memory other_memory;
  td::Tape other{store, other_memory};
  BOOST_TEST(box.inputs(other).size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_store_that_does_not_fit_is_refused_and_left_alone) {
  const td::BlackBox box(state_of_a_pass());
  const auto restoring = [&](td::ParameterStore& store) { return [&] { box.restore(store); }; };

  Network other_seed({.seed = 2});
  BOOST_TEST(
      contains(complaint<td::UsageError>(restoring(other_seed.store)), "a store of seed 2; expected 1"));
  Network other_scalar({.seed = 1, .scalar = td::f64});
  BOOST_TEST(contains(complaint<td::ScalarError>(restoring(other_scalar.store)),
                      "a store of double; expected float"));
  td::ParameterStore without{{.seed = 1}};
  const td::Linear fc{without.scope("fc"), 2, 4};
  BOOST_TEST(
      contains(complaint<td::StateError>(restoring(without)), "BlackBox: \"norm.weight\" is left over"));
  Network extra({.seed = 1});
  extra.store.add("more", {1, 1}, td::ones);
  BOOST_TEST(complaint<td::StateError>(restoring(extra.store)) ==
             "BlackBox: \"more\" is missing; expected the state of the same objects (nothing was changed)");

  td::ParameterStore other_shape{{.seed = 1}};
  const td::Sequential model{td::Linear{other_shape.scope("fc"), 2, 4},
                             td::BatchNorm{other_shape.scope("norm"), 4},
                             td::Linear{other_shape.scope("out"), 4, 3}};
  other_shape.parameter("fc.weight").value<float>().zeros();
  BOOST_TEST(contains(complaint<td::StateError>(restoring(other_shape)),
                      "BlackBox: \"out.weight\" is 1x4 instead of 3x4; \"out.bias\" is 1x1 instead of 3x1"));
  BOOST_TEST(arma::norm(other_shape.parameter("fc.weight").value<float>()) == 0);
}

BOOST_AUTO_TEST_CASE(a_state_of_something_else_is_refused) {
  BOOST_TEST(contains(refused({}), "BlackBox: \"pass/kind\" is missing; \"pass/seed\" is missing; "));
  const td::StateDict good = state_of_a_pass();
  BOOST_CHECK_NO_THROW(td::BlackBox{good});
  const auto says = [&](const std::string& name, const std::optional<td::AnyMatrix>& changed,
                        const std::string& wanted) {
    const std::string said = refused(test::box::with(good, name, changed));
    BOOST_TEST(said == "BlackBox: \"" + name + "\" is " + wanted +
                           "; expected the state of the same objects (nothing was changed)");
  };
  for (const char* name :
       {"seed", "scalar", "mode", "step", "first_column", "variables", "inputs/0", "inputs/1"}) {
    says(std::string("pass/") + name, std::nullopt, "missing");
  }
  says("pass/seed", td::Matrix<float>{1}, "of float instead of index");
  says("pass/scalar", td::IndexMatrix{2}, "2, which is too large");
  says("pass/mode", td::IndexMatrix{2}, "2, which is too large");
  says("pass/step", td::IndexMatrix(2, 1), "2x1 instead of 1x1");
  says("pass/variables", td::IndexMatrix(arma::uvec{2, 0}), "2 at its element 0, which is too large");
  says("pass/variables", td::IndexMatrix(1, 2), "1x2 instead of one column");
  says("pass/inputs/0", td::IndexMatrix{{1, 2}}, "of index, but a variable");
  const td::BlackBox fewer(test::box::with(good, "pass/variables", td::IndexMatrix(arma::uvec{1})));
  Network network({.seed = 1});
  BOOST_TEST(contains(complaint<td::StateError>([&] { fewer.restore(network.store); }),
                      "\"pass/inputs/1\" is left over"));
  const td::BlackBox other(test::box::with(good, "fc.weight", td::Matrix<double>(4, 2)));
  BOOST_TEST(contains(complaint<td::StateError>([&] { other.restore(network.store); }),
                      "\"fc.weight\" is of double instead of float"));
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
