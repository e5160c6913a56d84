#include "tapedeck/core/map.hpp"

#include <boost/test/unit_test.hpp>

#include "support/complaint.hpp"
#include "tapedeck/core/error.hpp"

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

BOOST_AUTO_TEST_CASE(matrices_of_other_shapes_are_refused) {
  const arma::mat x(2, 3);
  const arma::mat turned(3, 2);
  arma::mat y(2, 3, arma::fill::ones);
  const auto first = [](double a, double) { return a; };
  BOOST_TEST(test::complaint<td::ShapeError>([&] { td::map(first, x, turned).into(y); }) ==
             "map: a matrix of 3x2 for a target of 2x3; expected matrices of one shape");
  BOOST_CHECK_THROW(td::map(first, turned, x).into(y), td::ShapeError);
  BOOST_CHECK_THROW(td::map(first, turned, turned).onto(y), td::ShapeError);
  BOOST_TEST(arma::accu(y) == 6);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
