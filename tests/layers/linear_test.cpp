#include "tapedeck/layers/linear.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "support/complaint.hpp"
#include "support/op_tests.hpp"

namespace td = tapedeck;
using test::complaint;

BOOST_AUTO_TEST_SUITE(layers)
BOOST_AUTO_TEST_SUITE(linear)

BOOST_AUTO_TEST_CASE(parameters_and_their_places) {
  td::ParameterStore store;
  const td::Linear layer{store.scope("fc"), 5, 3};
  BOOST_TEST(store.size() == 2);
  const auto weight = store.parameter("fc.weight");
  const auto bias = store.parameter("fc.bias");
  BOOST_TEST((weight.shape() == td::Shape{3, 5}));
  BOOST_TEST((bias.shape() == td::Shape{3, 1}));
  BOOST_TEST(weight.group() == td::groups::weights);
  BOOST_TEST(bias.group() == td::groups::biases);
  BOOST_TEST((weight.handle() == layer.weight()));
  BOOST_TEST((bias.handle() == layer.bias()));
  BOOST_TEST(layer.name() == "fc");
  BOOST_TEST(layer.describe() == "Linear(5 -> 3)");
  const auto named = layer.parameters();
  BOOST_TEST(named.size() == 2U);
  BOOST_TEST(named[0].name == "weight");
  BOOST_TEST(named[1].name == "bias");
}

BOOST_AUTO_TEST_CASE(without_bias) {
  td::ParameterStore store;
  const td::Linear layer{store.scope("fc"), 5, 3, {.bias = false}};
  BOOST_TEST(store.size() == 1);
  BOOST_TEST(layer.describe() == "Linear(5 -> 3, no bias)");
  BOOST_TEST(layer.parameters().size() == 1U);
  BOOST_TEST(complaint<td::UsageError>([&] { layer.bias(); }).starts_with("fc: a layer without bias"));
  const auto report = td::check_gradient(store, layer, {td::Shape{5, 4}});
  BOOST_TEST(report.passed(), report);
}

BOOST_AUTO_TEST_CASE(gradient) {
  for (const td::Shape s : {td::Shape{5, 4}, td::Shape{1, 17}, td::Shape{257, 2}}) {
    td::ParameterStore store;
    const td::Linear layer{store.scope("fc"), s.rows, 3};
    const auto report = td::check_gradient(store, layer, {s});
    BOOST_TEST(report.passed(), td::to_string(s) << ": " << report);
  }
}

BOOST_AUTO_TEST_CASE(initial_values_are_uniform_within_one_over_the_root_of_the_inputs) {
  td::ParameterStore store({.seed = 7, .scalar = td::f64});
  const td::Linear layer{store.scope("fc"), 100, 400};
  for (const char* name : {"fc.weight", "fc.bias"}) {
    const td::Matrix<double>& w = store.parameter(name).value<double>();
    const double bound = 0.1;
    const double n = static_cast<double>(w.n_elem);
    BOOST_TEST(arma::abs(w).max() <= bound);
    BOOST_TEST(arma::abs(w).max() > bound * (1 - 20 / n));  // probability below e^-20 otherwise
    // The mean of uniform numbers has the deviation bound / sqrt(3 n).
    BOOST_TEST(std::abs(arma::accu(w) / n) < 5 * bound / std::sqrt(3 * n));
  }
}

BOOST_AUTO_TEST_CASE(initial_values_by_request) {
  td::ParameterStore store({.seed = 7, .scalar = td::f64});
  const td::Linear layer{
      store.scope("fc"), 5, 3, {.weight_values = td::constant(2), .bias_values = td::zeros}};
  BOOST_TEST(arma::all(arma::vectorise(store.parameter("fc.weight").value<double>() == 2)));
  BOOST_TEST(arma::all(arma::vectorise(store.parameter("fc.bias").value<double>() == 0)));
}

BOOST_AUTO_TEST_CASE(a_wrong_input_names_the_layers_weight) {
  td::ParameterStore store;
  const td::Linear layer{store.scope("fc"), 5, 3};
  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Value x = tape.input(td::Matrix<float>(4, 2, arma::fill::zeros));
  const std::string text = complaint<td::ShapeError>([&] { layer(x); });
  BOOST_TEST(test::contains(text, "x is 4x2"));
  BOOST_TEST(test::contains(text, "weight \"fc.weight\" is 3x5"));
}

BOOST_AUTO_TEST_CASE(used_three_times_its_gradients_add_up) {
  td::ParameterStore store;
  const td::Linear layer{store.scope("fc"), 4, 4};
  const auto thrice = [layer](const td::Value& x) { return layer(layer(layer(x))); };
  const auto report = td::check_gradient(store, thrice, {td::Shape{4, 3}});
  BOOST_TEST(report.passed(), report);
}

BOOST_AUTO_TEST_CASE(sizes_and_names_that_cannot_be) {
  td::ParameterStore store;
  const td::Index minus_one = td::Index(0) - 1;
  BOOST_TEST(complaint<td::ShapeError>([&] {
               td::Linear(store.scope("fc"), 2, minus_one);
             }).starts_with("fc.weight: 18446744073709551615x2; expected fewer than 2^32 rows"));
  BOOST_CHECK_THROW(td::Linear(store.scope("fc"), minus_one, 2), td::ShapeError);
  BOOST_TEST(store.size() == 0U);
  const td::Linear first{store.scope("fc"), 2, 2};
  BOOST_CHECK_THROW(td::Linear(store.scope("fc"), 2, 2), td::NameError);
  BOOST_TEST(store.size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
