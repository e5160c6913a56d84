#include "pendulum/forecaster.hpp"

#include <boost/test/unit_test.hpp>

#include "tapedeck/check/gradient_check.hpp"

namespace td = tapedeck;

BOOST_AUTO_TEST_SUITE(forecaster)

BOOST_AUTO_TEST_CASE(gradient_of_the_whole_model) {
  td::ParameterStore store;
  const pendulum::Forecaster model{store.scope("forecaster"), 3};
  const auto report = td::check_gradient(store, model, {td::Shape{4, 5}});
  BOOST_TEST(report.passed(), report);
}

BOOST_AUTO_TEST_SUITE_END()
