#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "check/custom_ops.hpp"
#include "support/complaint.hpp"
#include "tapedeck/check/gradient_check.hpp"
#include "tapedeck/ops/activation.hpp"
#include "tapedeck/ops/affine.hpp"
#include "tapedeck/ops/arithmetic.hpp"
#include "tapedeck/ops/shape.hpp"

namespace td = tapedeck;
using test::complaint;
using test::contains;
using test::Scale;

BOOST_AUTO_TEST_SUITE(check)
BOOST_AUTO_TEST_SUITE(misuse)

namespace {

const auto smooth = [](const td::Value& x) { return td::tanh(x); };
const double no_number = std::nan("");
const double infinity = std::numeric_limits<double>::infinity();

// What is said of one input.
template <class E>
std::string of_input(const td::CheckInput& input) {
  return complaint<E>([&] { td::check_gradient(smooth, {input}); });
}

}  // namespace

BOOST_AUTO_TEST_CASE(options_out_of_range) {
  const auto with = [&](const td::GradientCheckOptions& options) {
    return complaint<td::OptionError>([&] { td::check_gradient(smooth, {td::Shape{2, 3}}, options); });
  };
  const std::string wanted = "; expected a number above 0 and below 1";
  BOOST_TEST(with({.tolerance = 0}) == "check_gradient: tolerance 0" + wanted);
  BOOST_TEST(with({.tolerance = no_number}) == "check_gradient: tolerance nan" + wanted);
  BOOST_TEST(with({.tolerance = infinity}) == "check_gradient: tolerance inf" + wanted);
  BOOST_TEST(with({.tolerance = 1}) == "check_gradient: tolerance 1" + wanted);
  BOOST_TEST(with({.step = -1}) == "check_gradient: step -1" + wanted);
  BOOST_TEST(with({.step = no_number}) == "check_gradient: step nan" + wanted);
  BOOST_TEST(with({.step = infinity}) == "check_gradient: step inf" + wanted);
}

BOOST_AUTO_TEST_CASE(a_name_that_is_not_in_the_store) {
  td::ParameterStore store;
  const Scale layer{store.scope("scale"), 2};
  BOOST_TEST(complaint<td::NameError>([&] {
               td::check_gradient(store, layer, {td::Shape{2, 3}}, {.under = "sca"});
             }) == "check_gradient: no parameter at or under \"sca\" (the nearest name is \"scale.gain\")");
}

BOOST_AUTO_TEST_CASE(nothing_to_differentiate) {
  td::ParameterStore store;
  const Scale layer{store.scope("scale"), 2};
  store.freeze("scale");
  const auto data = td::CheckInput::data({{1, 2, 3}, {4, 5, 6}});
  const std::string said = complaint<td::OptionError>([&] { td::check_gradient(store, layer, {data}); });
  BOOST_TEST(said ==
             "check_gradient: nothing to differentiate; expected an input or a parameter (data, labels and "
             "frozen parameters are not differentiated)");
  const auto report = td::check_gradient(store, layer, {td::Shape{2, 3}});
  BOOST_TEST(report.passed(), report);
}

BOOST_AUTO_TEST_CASE(the_wrong_number_of_inputs) {
  const auto f = [](const td::Value& a, const td::Value& b) { return a + b; };
  BOOST_TEST(complaint<td::OptionError>([&] {
               td::check_gradient(f, {td::Shape{2, 3}});
             }) == "check_gradient: 1 inputs; expected 2, as many Values as the function takes");
  td::ParameterStore store;
  const Scale layer{store.scope("scale"), 2};
  BOOST_TEST(complaint<td::OptionError>([&] { td::check_gradient(store, layer, {}); }) ==
             "check_gradient: 0 inputs; expected 1, as many Values as the function takes");
}

BOOST_AUTO_TEST_CASE(inputs_without_a_common_batch) {
  const auto f = [](const td::Value& w, const td::Value& x) { return td::product(w, x); };
  BOOST_TEST(complaint<td::OptionError>([&] {
               td::check_gradient(f, {td::Shape{2, 3}, td::Shape{3, 4}});
             }) ==
             "check_gradient: inputs without a common batch; expected the same number of columns in "
             "all (or {.batch_of_one = false})");
}

BOOST_AUTO_TEST_CASE(inputs_without_elements) {
  BOOST_TEST(of_input<td::ShapeError>(td::Shape{0, 3}) ==
             "check_gradient: input 0 is 0x3; expected at least one element");
  BOOST_TEST(of_input<td::ShapeError>(td::Shape{3, 0}) ==
             "check_gradient: input 0 is 3x0; expected at least one element");
  BOOST_TEST(contains(of_input<td::ShapeError>(td::Matrix<double>()), "input 0 is 0x0"));
  BOOST_TEST(contains(of_input<td::ShapeError>(td::IndexMatrix()), "input 0 is 0x0"));
  BOOST_TEST(contains(of_input<td::ShapeError>(td::CheckInput::labels(3, 0)), "input 0 is 1x0"));
  BOOST_TEST(contains(of_input<td::ShapeError>(td::CheckInput::uniform({0, 1}, 0, 1)), "input 0 is 0x1"));
}

BOOST_AUTO_TEST_CASE(samples_and_parameters_that_are_not_finite) {
  BOOST_TEST(of_input<td::NonFiniteError>(td::Matrix<double>{{1, no_number}}) ==
             "check_gradient: input 0 holds NaN or Inf; expected finite numbers");
  BOOST_TEST(contains(of_input<td::NonFiniteError>(td::CheckInput::data({{1, infinity}})), "input 0 holds"));
  td::ParameterStore store;
  const Scale layer{store.scope("scale"), 2};
  store.parameter("scale.gain").value<float>()(1, 0) = std::nanf("");
  BOOST_TEST(complaint<td::NonFiniteError>([&] {
               td::check_gradient(store, layer, {td::Shape{2, 3}});
             }) == "check_gradient: scale.gain holds NaN or Inf; expected finite numbers");
}

BOOST_AUTO_TEST_CASE(inputs_that_cannot_be_drawn) {
  const auto uniform = [](double low, double high) {
    return complaint<td::OptionError>([=] { td::CheckInput::uniform({2, 3}, low, high); });
  };
  BOOST_TEST(uniform(2, 1) == "CheckInput::uniform: 2 to 1; expected finite bounds, the lower one first");
  BOOST_TEST(contains(uniform(1, 1), "1 to 1"));
  BOOST_TEST(contains(uniform(no_number, 1), "nan to 1"));
  BOOST_TEST(contains(uniform(0, infinity), "0 to inf"));
  BOOST_TEST(complaint<td::OptionError>([] { td::CheckInput::labels(0, 3); }) ==
             "CheckInput::labels: 0 classes; expected at least one");
}

BOOST_AUTO_TEST_CASE(a_function_that_gives_no_value_of_its_tape) {
  const auto nothing = [](const td::Value&) { return std::vector<td::Value>{}; };
  BOOST_TEST(complaint<td::OptionError>([&] {
               td::check_gradient(nothing, {td::Shape{2, 3}});
             }) == "check_gradient: a function that gives no Value; expected at least one");

  const auto empty = [](const td::Value&) { return td::Value(); };
  BOOST_CHECK_THROW(td::check_gradient(empty, {td::Shape{2, 3}}), td::HandleError);

  td::ParameterStore store{{.scalar = td::f64}};
  td::Memory memory;
  td::Tape tape{store, memory};
  const td::Value elsewhere = tape.input(td::Matrix<double>{{1, 2, 3}});
  const auto foreign = [&](const td::Value&) { return elsewhere; };
  BOOST_TEST(
      complaint<td::HandleError>([&] {
        td::check_gradient(foreign, {td::Shape{2, 3}});
      }) ==
      "check_gradient: the function: gave a Value of another tape; expected one of the tape of its input "
      "(use the Tape& that the function is given, or input.tape())");

  const auto labels = [](const td::Value& x) { return x.tape().input(td::IndexMatrix{{1, 2}}); };
  BOOST_CHECK_THROW(td::check_gradient(labels, {td::Shape{2, 3}}), td::ScalarError);
}

BOOST_AUTO_TEST_CASE(a_layer_of_another_store) {
  td::ParameterStore store;
  td::ParameterStore other;
  const Scale layer{other.scope("scale"), 2};
  BOOST_CHECK_THROW(td::check_gradient(store, layer, {td::Shape{2, 3}}), td::HandleError);
  BOOST_CHECK_THROW(td::check_gradient(layer, {td::Shape{2, 3}}), td::HandleError);
}

BOOST_AUTO_TEST_CASE(errors_of_the_forward_pass_through) {
  const auto f = [](const td::Value& x) { return td::slice_rows(x, 1, 7); };
  BOOST_CHECK_THROW(td::check_gradient(f, {td::Shape{2, 3}}), td::ShapeError);
  const auto own = [](const td::Value&) -> td::Value { throw std::domain_error("not today"); };
  BOOST_CHECK_THROW(td::check_gradient(own, {td::Shape{2, 3}}), std::domain_error);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
