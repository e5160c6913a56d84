#include "tapedeck/ops/arithmetic.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

#include "support/complaint.hpp"
#include "support/op_tests.hpp"

namespace td = tapedeck;
using test::complaint;
using Inputs = std::vector<td::CheckInput>;
using Values = std::vector<td::Value>;

BOOST_AUTO_TEST_SUITE(ops)
BOOST_AUTO_TEST_SUITE(arithmetic)

namespace {
Inputs two(td::Shape s) { return {s, s}; }
}  // namespace

const test::OpTests common{
    "arithmetic",
    {
        {.name = "add", .op = [](const Values& in) { return td::add(in[0], in[1]); }, .inputs = two},
        {.name = "subtract",
         .op = [](const Values& in) { return td::subtract(in[0], in[1]); },
         .inputs = two},
        {.name = "multiply",
         .op = [](const Values& in) { return td::multiply(in[0], in[1]); },
         .inputs = two},
        {.name = "scale -2.5", .op = [](const Values& in) { return td::scale(in[0], -2.5); }},
    }};

BOOST_AUTO_TEST_CASE(one_value_may_be_both_operands) {
  const auto square = td::check_gradient([](const td::Value& x) { return x % x; }, {td::Shape{3, 4}});
  BOOST_TEST(square.passed(), square);
  const auto twice = td::check_gradient([](const td::Value& x) { return x + x; }, {td::Shape{3, 4}});
  BOOST_TEST(twice.passed(), twice);
}

BOOST_AUTO_TEST_CASE(operators_are_the_functions) {
  td::ParameterStore store({.seed = 0, .scalar = td::f64});
  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Matrix<double> a{{1, 2, 3}};
  const td::Matrix<double> b{{4, -5, 7}};
  const td::Value x = tape.input(a);
  const td::Value y = tape.input(b);
  const auto is = [](const td::Value& v, const td::Matrix<double>& wanted) {
    return arma::all(arma::vectorise(v.matrix<double>() == wanted));
  };
  BOOST_TEST(is(x + y, {{5, -3, 10}}));
  BOOST_TEST(is(x - y, {{-3, 7, -4}}));
  BOOST_TEST(is(x % y, {{4, -10, 21}}));
  BOOST_TEST(is(2 * x, {{2, 4, 6}}));
  BOOST_TEST(is(x * 2, {{2, 4, 6}}));
  BOOST_TEST(is(-x, {{-1, -2, -3}}));
}

BOOST_AUTO_TEST_CASE(wrong_shapes) {
  td::ParameterStore store;
  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Value a = tape.input(td::Matrix<float>(2, 3));
  const td::Value b = tape.input(td::Matrix<float>(2, 1));
  BOOST_TEST(
      complaint<td::ShapeError>([&] { a + b; }).starts_with("add: b is 2x1, a is 2x3; expected b to be 2x3"));
  BOOST_TEST(complaint<td::ShapeError>([&] { a - b; }).starts_with("subtract: b is 2x1, a is 2x3"));
  BOOST_TEST(complaint<td::ShapeError>([&] { a % b; }).starts_with("multiply: b is 2x1, a is 2x3"));
  BOOST_CHECK_THROW(a + tape.input(test::labels(2, 3)), td::ScalarError);
}

BOOST_AUTO_TEST_CASE(a_factor_must_be_finite) {
  td::ParameterStore store;
  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Value x = tape.input(td::Matrix<float>(2, 3));
  BOOST_TEST(complaint<td::OptionError>([&] { td::scale(x, std::nan("")); }) ==
             "scale: factor = nan; expected a finite number");
  BOOST_CHECK_THROW(td::scale(x, std::numeric_limits<double>::infinity()), td::OptionError);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
