#include "pendulum/snake.hpp"

#include <boost/test/unit_test.hpp>

#include "tapedeck/check/gradient_check.hpp"

namespace td = tapedeck;

BOOST_AUTO_TEST_SUITE(snake)

BOOST_AUTO_TEST_CASE(gradient_of_the_op) {  // its frequencies are no batch
  const auto report =
      td::check_gradient(pendulum::snake, {td::Shape{5, 1}, td::Shape{5, 4}}, {.batch_of_one = false});
  BOOST_TEST(report.passed(), report);
}

BOOST_AUTO_TEST_CASE(gradient_of_the_layer) {
  td::ParameterStore store;
  const auto report = td::check_gradient(store, pendulum::Snake{store.scope("snake"), 5}, {td::Shape{5, 4}});
  BOOST_TEST(report.passed(), report);
}

BOOST_AUTO_TEST_SUITE_END()
