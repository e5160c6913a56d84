#include "tapedeck/ops/affine.hpp"

#include <boost/test/unit_test.hpp>

#include "support/complaint.hpp"
#include "support/op_tests.hpp"

namespace td = tapedeck;
using test::complaint;
using Inputs = std::vector<td::CheckInput>;
using Values = std::vector<td::Value>;

BOOST_AUTO_TEST_SUITE(ops)
BOOST_AUTO_TEST_SUITE(affine)

const test::OpTests common{"affine",
                           {
                               {.name = "affine",
                                .op = [](const Values& in) { return td::affine(in[0], in[1], in[2]); },
                                .inputs =
                                    [](td::Shape s) {
                                      return Inputs{td::Shape{4, s.rows}, td::Shape{4, 1}, s};
                                    },
                                .terms =
                                    [](td::Shape s) {
                                      return std::max({s.rows, s.cols, td::Index{4}});
                                    }},
                               {.name = "product",
                                .op = [](const Values& in) { return td::product(in[0], in[1]); },
                                .inputs =
                                    [](td::Shape s) {
                                      return Inputs{td::Shape{4, s.rows}, s};
                                    },
                                .terms =
                                    [](td::Shape s) {
                                      return std::max({s.rows, s.cols, td::Index{4}});
                                    }},
                           }};

BOOST_AUTO_TEST_CASE(wrong_shapes) {
  td::ParameterStore store;
  td::Memory memory;
  td::Tape tape(store, memory);
  const auto value = [&](td::Index rows, td::Index cols) {
    return tape.input(td::Matrix<float>(rows, cols));
  };
  BOOST_TEST(complaint<td::ShapeError>([&] {
               td::affine(value(4, 3), value(4, 1), value(2, 5));
             }).starts_with("affine: x is 2x5, weight is 4x3, bias is 4x1; expected x to be 3x"));
  BOOST_TEST(complaint<td::ShapeError>([&] {
               td::affine(value(4, 3), value(3, 1), value(3, 5));
             }).starts_with("affine: bias is 3x1, weight is 4x3, x is 3x5; expected bias to be 4x1"));
  BOOST_TEST(complaint<td::ShapeError>([&] {
               td::affine(value(4, 3), value(4, 2), value(3, 5));
             }).starts_with("affine: bias is 4x2"));
  BOOST_TEST(complaint<td::ShapeError>([&] {
               td::product(value(4, 3), value(4, 5));
             }).starts_with("product: x is 4x5, a is 4x3; expected x to be 3x"));
}

BOOST_AUTO_TEST_CASE(a_wrong_shape_names_the_parameter) {
  td::ParameterStore store;
  const td::Parameter weight = store.add("fc.weight", {4, 3}, td::zeros);
  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Value x = tape.input(td::Matrix<float>(2, 5));
  BOOST_TEST(
      test::contains(complaint<td::ShapeError>([&] { td::product(weight, x); }), "a \"fc.weight\" is 4x3"));
}

BOOST_AUTO_TEST_CASE(labels_are_no_numbers) {
  td::ParameterStore store;
  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Value x = tape.input(test::labels(3, 4));
  BOOST_CHECK_THROW(td::product(td::Matrix<float>(2, 1), x), td::ScalarError);
}

BOOST_AUTO_TEST_CASE(operands_may_be_parameters_values_and_data) {
  td::ParameterStore store({.seed = 3, .scalar = td::f64});
  const td::Parameter weight = store.add("weight", {2, 3}, td::normal(1));
  td::Memory memory;
  td::Tape tape(store, memory);
  const auto x = test::normal({3, 4}, 1);
  const auto b = test::normal({2, 1}, 2);
  const td::Value y = td::affine(weight, b, tape.input(x));
  const td::Matrix<double> wanted = store.parameter(weight).value<double>() * x + arma::repmat(b, 1, 4);
  BOOST_TEST(arma::abs(y.matrix<double>() - wanted).max() < 1e-14);
}

BOOST_AUTO_TEST_CASE(no_features_give_the_bias) {
  td::ParameterStore store({.seed = 0, .scalar = td::f64});
  td::Memory memory;
  td::Tape tape(store, memory);
  const auto b = test::normal({2, 1}, 2);
  const td::Value y = td::affine(td::Matrix<double>(2, 0), b, tape.input(td::Matrix<double>(0, 3)));
  BOOST_TEST(arma::all(arma::vectorise(y.matrix<double>() == arma::repmat(b, 1, 3))));
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
