#include "tapedeck/ops/normalization.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "support/complaint.hpp"
#include "support/op_tests.hpp"

namespace td = tapedeck;
using test::complaint;
using test::contains;
using Inputs = std::vector<td::CheckInput>;
using Values = std::vector<td::Value>;

BOOST_AUTO_TEST_SUITE(ops)
BOOST_AUTO_TEST_SUITE(normalization)

namespace {

td::RunningStatistics running_of(const td::Tape& tape) {
  const std::uint64_t family = tape.store().internals().family();
  return {.mean = td::Buffer(family, 0), .variance = td::Buffer(family, 1)};
}
Inputs with_gain_and_bias(td::Shape s) { return {s, td::Shape{s.rows, 1}, td::Shape{s.rows, 1}}; }
Inputs with_statistics(td::Shape s) {
  const td::Shape column{s.rows, 1};
  return {s, column, column, column, td::Matrix<double>(arma::abs(test::normal(column, 4)) + 0.5)};
}
td::Index all_sizes(td::Shape s) { return std::max(s.rows, s.cols); }

test::OpSample batch_norm(const std::string& name, double epsilon, std::vector<td::Shape> shapes) {
  return {.name = name,
          .op =
              [=](const Values& in) {
                return td::batch_norm(in[0], in[1], in[2], running_of(in[0].tape()), epsilon);
              },
          .inputs = with_gain_and_bias,
          .shapes = shapes,
          .float_shapes = shapes,
          .terms = all_sizes,
          .smallest_batch = 2,
          .buffers = 2};
}
test::OpSample batch_norm_given(const std::string& name, double epsilon) {
  return {
      .name = name,
      .op =
          [=](const Values& in) { return td::batch_norm_given(in[0], in[1], in[2], in[3], in[4], epsilon); },
      .inputs = with_statistics,
      .terms = all_sizes};
}
test::OpSample layer_norm(const std::string& name, double epsilon) {
  return {.name = name,
          .op = [=](const Values& in) { return td::layer_norm(in[0], in[1], in[2], epsilon); },
          .inputs = with_gain_and_bias,
          .shapes = {{3, 5}, {5, 17}, {257, 2}},
          .terms = all_sizes};
}

}  // namespace

// With a small epsilon the derivatives of a batch of two are differences of nearly equal numbers.
const test::OpTests common{"normalization",
                           {
                               batch_norm("batch_norm", 1e-5, {{3, 5}, {1, 17}, {5, 17}, {257, 7}}),
                               batch_norm("batch_norm 0.1", 0.1, {{3, 5}, {1, 17}, {5, 17}, {257, 2}}),
                               batch_norm_given("batch_norm_given", 1e-5),
                               batch_norm_given("batch_norm_given 0.1", 0.1),
                               layer_norm("layer_norm", 1e-5),
                               layer_norm("layer_norm 0.1", 0.1),
                           }};

BOOST_AUTO_TEST_CASE(a_mean_of_1000_and_a_deviation_of_a_tenth_in_float) {
  td::ParameterStore store;
  store.add_buffer("mean", {1, 1}, 0);
  store.add_buffer("variance", {1, 1}, 1);
  td::Memory memory;
  td::Tape tape(store, memory);
  td::Matrix<float> x(1, 1000);
  for (td::Index c = 0; c < x.n_cols; ++c) x[c] = static_cast<float>(1000 + 0.1 * td::Random(1).normal(0, c));
  const td::Matrix<float> one(1, 1, arma::fill::ones);
  const td::Value v = tape.variable(x);
  const td::Value y = td::batch_norm(v, one, td::Matrix<float>(1, 1, arma::fill::zeros), running_of(tape));

  const td::Matrix<double> exact = arma::conv_to<td::Matrix<double>>::from(x);
  const double mean = arma::accu(exact) / 1000;
  const double variance = arma::accu(arma::square(exact - mean)) / 1000;
  const td::Matrix<double> wanted = (exact - mean) / std::sqrt(variance + 1e-5);
  const td::Matrix<double> got = arma::conv_to<td::Matrix<double>>::from(y.matrix<float>());
  BOOST_TEST(arma::abs(got - wanted).max() < 4 * 6e-8 * 4);  // rounded to float once; the largest is below 4
}

BOOST_AUTO_TEST_CASE(a_batch_of_one_has_no_statistics) {
  td::ParameterStore store;
  store.add_buffer("mean", {2, 1}, 0);
  store.add_buffer("variance", {2, 1}, 1);
  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Matrix<float> column(2, 1, arma::fill::ones);
  BOOST_TEST(complaint<td::ShapeError>([&] {
               td::batch_norm(tape.input(column), column, column, running_of(tape));
             }).starts_with("batch_norm: x is 2x1; expected a batch of at least 2"));
}

BOOST_AUTO_TEST_CASE(wrong_shapes) {
  td::ParameterStore store;
  store.add_buffer("mean", {2, 1}, 0);
  store.add_buffer("variance", {2, 1}, 1);
  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Value x = tape.input(td::Matrix<float>(2, 3, arma::fill::zeros));
  const td::Matrix<float> good(2, 1, arma::fill::zeros);
  const td::Matrix<float> bad(3, 1, arma::fill::zeros);
  BOOST_TEST(complaint<td::ShapeError>([&] {
               td::batch_norm(x, bad, good, running_of(tape));
             }).starts_with("batch_norm: gain is 3x1, x is 2x3, bias is 2x1; expected gain to be 2x1"));
  BOOST_TEST(
      contains(complaint<td::ShapeError>([&] { td::layer_norm(x, good, bad); }), "layer_norm: bias is 3x1"));
  BOOST_TEST(contains(complaint<td::ShapeError>([&] { td::batch_norm_given(x, good, good, bad, good); }),
                      "batch_norm_given: mean is 3x1"));
  BOOST_TEST(contains(complaint<td::ShapeError>([&] { td::batch_norm_given(x, good, good, good, bad); }),
                      "batch_norm_given: variance is 3x1"));
  BOOST_CHECK_THROW(
      td::layer_norm(tape.input(td::Matrix<float>(0, 3)), td::Matrix<float>(0, 1), td::Matrix<float>(0, 1)),
      td::ShapeError);
}

BOOST_AUTO_TEST_CASE(buffers_of_another_size_are_refused) {
  td::ParameterStore store;
  store.add_buffer("mean", {5, 1}, 0);
  store.add_buffer("variance", {5, 1}, 1);
  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Value x = tape.input(td::Matrix<float>(2, 3, arma::fill::zeros));
  const td::Matrix<float> column(2, 1, arma::fill::zeros);
  BOOST_CHECK_THROW(td::batch_norm(x, column, column, running_of(tape)), td::ShapeError);
}

BOOST_AUTO_TEST_CASE(options_out_of_range) {
  td::ParameterStore store;
  store.add_buffer("mean", {2, 1}, 0);
  store.add_buffer("variance", {2, 1}, 1);
  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Value x = tape.input(td::Matrix<float>(2, 3, arma::fill::zeros));
  const td::Matrix<float> column(2, 1, arma::fill::zeros);
  for (const double bad : {0.0, -1.0, std::nan(""), HUGE_VAL}) {
    BOOST_CHECK_THROW(td::batch_norm(x, column, column, running_of(tape), bad), td::OptionError);
    BOOST_CHECK_THROW(td::batch_norm_given(x, column, column, column, column, bad), td::OptionError);
    BOOST_CHECK_THROW(td::layer_norm(x, column, column, bad), td::OptionError);
  }
  for (const double bad : {-0.1, 1.1, std::nan("")}) {
    auto running = running_of(tape);
    running.momentum = bad;
    BOOST_CHECK_THROW(td::batch_norm(x, column, column, running), td::OptionError);
  }
}

BOOST_AUTO_TEST_CASE(an_epsilon_that_is_zero_as_a_float) {
  td::ParameterStore store;
  td::Memory memory;
  td::Tape tape(store, memory);
  const arma::fmat ones(2, 1, arma::fill::ones);
  const td::Value x = tape.input(arma::fmat(2, 3, arma::fill::zeros));
  const std::string wanted = "epsilon = 1e-50; expected a finite number above 0, as a float";
  BOOST_TEST(complaint<td::OptionError>([&] { td::layer_norm(x, ones, ones, 1e-50); }) ==
             "layer_norm: " + wanted);
  BOOST_TEST(complaint<td::OptionError>([&] { td::batch_norm_given(x, ones, ones, ones, ones, 1e-50); }) ==
             "batch_norm_given: " + wanted);
  BOOST_TEST(complaint<td::OptionError>([&] {
               td::batch_norm(x, ones, ones, {.mean = {}, .variance = {}}, 1e-50);
             }) == "batch_norm: " + wanted);
}

BOOST_AUTO_TEST_CASE(buffers_for_statistics_must_be_of_the_store_and_fit) {
  td::ParameterStore store;
  td::ParameterStore other;
  const td::Buffer foreign = other.add_buffer("mean", {2, 1}, 0);
  const td::Buffer mean = store.add_buffer("mean", {2, 1}, 0);
  const td::Buffer larger = store.add_buffer("larger", {3, 1}, 0);
  td::Memory memory;
  td::Tape tape(store, memory);
  const arma::fmat ones(2, 1, arma::fill::ones);
  const td::Value x = tape.input(arma::fmat(2, 3, arma::fill::zeros));
  for (const td::Buffer bad : {foreign, td::Buffer{}}) {
    BOOST_CHECK_THROW(td::batch_norm(x, ones, ones, {.mean = mean, .variance = bad}), td::HandleError);
  }
  BOOST_TEST(complaint<td::ShapeError>([&] {
               td::batch_norm(x, ones, ones, {.mean = mean, .variance = larger});
             }) == "batch_norm: a statistic of 2x1; expected 3x1");
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
