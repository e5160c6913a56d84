#include "tapedeck/core/map.hpp"

#include <boost/test/unit_test.hpp>

namespace td = tapedeck;

BOOST_AUTO_TEST_SUITE(core)
BOOST_AUTO_TEST_SUITE(map)

BOOST_AUTO_TEST_CASE(a_function_goes_into_or_onto_a_matrix) {
  const arma::mat x{{1, -2}, {3, -4}};
  arma::mat y(2, 2, arma::fill::value(10));
  td::map([](double v) { return v < 0 ? 0 : v; }, x).into(y);
  BOOST_TEST(arma::approx_equal(y, arma::mat{{1, 0}, {3, 0}}, "absdiff", 0));
  td::map([](double a, double b) { return a * b; }, x, x).onto(y);
  BOOST_TEST(arma::approx_equal(y, arma::mat{{2, 4}, {12, 16}}, "absdiff", 0));
}

BOOST_AUTO_TEST_CASE(its_shape_is_that_of_its_matrices) {
  const arma::fmat x(3, 5);
  BOOST_TEST(to_string(td::map([](float v) { return v; }, x).shape()) == "3x5");
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
