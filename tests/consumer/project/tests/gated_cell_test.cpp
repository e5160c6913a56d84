#include "pendulum/gated_cell.hpp"

#include <boost/test/unit_test.hpp>

#include "tapedeck/check/gradient_check.hpp"

namespace td = tapedeck;

BOOST_AUTO_TEST_SUITE(gated_cell)

BOOST_AUTO_TEST_CASE(gradient_of_the_op) {
  const td::Shape s{5, 4};
  const auto report = td::check_gradient(pendulum::gated_update, {s, s, s});
  BOOST_TEST(report.passed(), report);
}

BOOST_AUTO_TEST_CASE(gradient_of_the_layer) {
  td::ParameterStore store;
  const pendulum::GatedCell cell{store.scope("cell"), 2, 5};
  const auto report = td::check_gradient(store, cell, {td::Shape{2, 4}, td::Shape{5, 4}});
  BOOST_TEST(report.passed(), report);
}

BOOST_AUTO_TEST_SUITE_END()
