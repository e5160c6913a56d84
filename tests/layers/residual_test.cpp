#include "tapedeck/layers/residual.hpp"

#include <boost/test/unit_test.hpp>

#include "support/complaint.hpp"
#include "support/op_tests.hpp"
#include "tapedeck/layers/activation.hpp"
#include "tapedeck/layers/linear.hpp"
#include "tapedeck/layers/sequential.hpp"

namespace td = tapedeck;

BOOST_AUTO_TEST_SUITE(layers)
BOOST_AUTO_TEST_SUITE(residual)

BOOST_AUTO_TEST_CASE(adds_its_input) {
  td::ParameterStore store({.seed = 1, .scalar = td::f64});
  const td::Linear linear{store.scope("fc"), 3, 3};
  const td::Residual layer{linear};
  td::Memory memory;
  td::Tape tape(store, memory);
  const auto x = test::normal({3, 4}, 1);
  const td::Value v = tape.input(x);
  BOOST_TEST(arma::all(arma::vectorise(layer(v).matrix<double>() == x + linear(v).matrix<double>())));
  BOOST_TEST(layer.describe() == "Residual(Linear(3 -> 3))");
  BOOST_TEST(layer.parameters().size() == 2U);
  BOOST_TEST((layer.layer().parameter("weight") == linear.weight()));
}

BOOST_AUTO_TEST_CASE(gradient) {
  td::ParameterStore store;
  const td::Residual layer{td::Sequential{td::Linear{store.scope("fc_1"), 3, 5}, td::Tanh{},
                                          td::Linear{store.scope("fc_2"), 5, 3}}};
  const auto report = td::check_gradient(store, layer, {td::Shape{3, 4}});
  BOOST_TEST(report.passed(), report);
}

BOOST_AUTO_TEST_CASE(a_layer_that_changes_the_shape) {
  td::ParameterStore store;
  const td::Residual layer{td::Linear{store.scope("fc"), 3, 5}};
  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Value x = tape.input(test::normal({3, 4}, 1));
  BOOST_TEST(test::complaint<td::ShapeError>([&] { layer(x); }).starts_with("add: b is 5x4, a is 3x4"));
}

BOOST_AUTO_TEST_CASE(in_evaluation_its_input_stays) {
  td::ParameterStore store({.seed = 1, .scalar = td::f64});
  const td::Residual residual{td::Sequential{td::Tanh{}, td::Tanh{}}};
  const td::Sequential model{td::Tanh{}, residual, td::Tanh{}};
  td::Memory memory;
  const auto x = test::normal({3, 4}, 1);
  const auto run = [&](td::Mode mode) -> td::Matrix<double> {
    td::Tape tape(store, memory, mode);
    return model(tape.input(x)).matrix<double>();
  };
  BOOST_TEST(arma::all(arma::vectorise(run(td::evaluate) == run(td::train))));
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
