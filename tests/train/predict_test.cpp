#include "tapedeck/train/predict.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

#include "param/support.hpp"
#include "support/complaint.hpp"
#include "tapedeck/layers/dropout.hpp"
#include "tapedeck/layers/linear.hpp"
#include "tapedeck/layers/normalization.hpp"
#include "tapedeck/layers/sequential.hpp"
#include "tapedeck/ops/arithmetic.hpp"
#include "tapedeck/ops/shape.hpp"
#include "tapedeck/tape/tape.hpp"

namespace td = tapedeck;
using test::complaint;
using test::ramp;
using test::same_bits;

BOOST_AUTO_TEST_SUITE(train)
BOOST_AUTO_TEST_SUITE(predict)

namespace {

td::Value identity(const td::Value& x) { return x; }

/// A layer that behaves otherwise in training, and one that remembers statistics.
struct Model {
  explicit Model(td::Scalar scalar = td::f32) : store({.seed = 5, .scalar = scalar}) {}

  td::ParameterStore store;
  td::Sequential layers{td::Linear{store.scope("fc"), 3, 4}, td::BatchNorm{store.scope("norm"), 4},
                        td::Dropout{{.probability = 0.5}}};
};

}  // namespace

BOOST_AUTO_TEST_CASE(outputs_are_those_of_an_evaluate_tape) {
  Model m;
  m.store.buffer<float>("norm.running_mean").fill(3);
  m.store.buffer<float>("norm.running_var").fill(2);
  const td::FlatBuffer buffers = m.store.buffers();
  const arma::fmat x = ramp<float>({3, 7});
  td::Memory memory;
  td::Tape tape{m.store, memory, td::evaluate};
  BOOST_TEST(same_bits(td::predict(m.store, m.layers, x), m.layers(tape.input(x)).matrix<float>()));
  BOOST_TEST(same_bits(m.store.buffers(), buffers));
  BOOST_TEST(m.store.internals().next_pass() == 0U);
}

BOOST_AUTO_TEST_CASE(every_column_comes_back_in_its_place) {
  td::ParameterStore store{{.scalar = td::f64}};
  for (const td::Index columns : {1U, 1023U, 1024U, 1025U, 2048U, 2500U}) {
    const arma::mat x = ramp<double>({2, columns});
    BOOST_TEST(same_bits(td::predict(store, identity, x), x), columns << " columns");
  }
}

BOOST_AUTO_TEST_CASE(many_columns_give_the_bits_of_batches_of_1024) {
  Model m;
  const arma::fmat x = ramp<float>({3, 2500});
  const arma::fmat y = td::predict(m.store, m.layers, x);
  for (const td::Index first : {0U, 1024U, 2048U}) {
    const td::Index last = std::min<td::Index>(first + 1023, 2499);
    const arma::fmat part = x.cols(first, last);
    BOOST_TEST(same_bits(td::predict(m.store, m.layers, part), arma::fmat(y.cols(first, last))));
  }
}

BOOST_AUTO_TEST_CASE(no_columns_give_no_columns) {
  Model m;
  const arma::fmat y = td::predict(m.store, m.layers, arma::fmat(3, 0));
  BOOST_TEST(y.n_rows == 4U);
  BOOST_TEST(y.n_cols == 0U);
}

BOOST_AUTO_TEST_CASE(float_and_double_are_converted) {
  td::ParameterStore in_float;
  td::ParameterStore in_double{{.scalar = td::f64}};
  const arma::mat tenths = ramp<double>({2, 3}) / 10;
  const arma::fmat rounded = arma::conv_to<arma::fmat>::from(tenths);
  const arma::mat widened = arma::conv_to<arma::mat>::from(rounded);
  BOOST_TEST(same_bits(td::predict(in_float, identity, tenths), widened));  // computed in the store's scalar
  BOOST_TEST(same_bits(td::predict(in_double, identity, tenths), tenths));
  BOOST_TEST(same_bits(td::predict(in_float, identity, rounded), rounded));
  BOOST_TEST(same_bits(td::predict(in_double, identity, rounded), rounded));
  const auto third = [](const td::Value& x) { return td::scale(x, 1 / 3.0); };
  const arma::mat one(1, 1, arma::fill::ones);
  BOOST_TEST(td::predict(in_double, third, one)[0] == 1 / 3.0);
  BOOST_TEST(td::predict(in_float, third, one)[0] == static_cast<double>(1 / 3.0F));
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_refused) {
  Model m;
  BOOST_CHECK_THROW(td::predict(m.store, m.layers, arma::fmat(2, 5)), td::ShapeError);
  BOOST_CHECK_THROW(td::predict(m.store, m.layers, arma::fmat()), td::ShapeError);
  const auto weight = [](const td::Value& x) {
    return x.tape().parameter({x.tape().store().internals().family(), 0});
  };
  BOOST_TEST(complaint<td::ShapeError>([&] { td::predict(m.store, weight, arma::fmat(3, 5)); }) ==
             "predict: outputs of 4x3 for 5 samples; expected one column a sample");
}

BOOST_AUTO_TEST_CASE(a_model_that_gives_no_outputs_of_its_tape_is_refused) {
  Model m;
  Model other;
  const arma::fmat x(3, 5);
  const auto empty = [](const td::Value&) { return td::Value{}; };
  BOOST_TEST(complaint<td::HandleError>([&] { td::predict(m.store, empty, x); }) ==
             "predict: the model gave a Value: an empty one; expected one that was recorded on a tape");
  const auto labels = [](const td::Value& v) { return v.tape().input(td::IndexMatrix(1, v.cols())); };
  BOOST_CHECK_THROW(td::predict(m.store, labels, x), td::ScalarError);
  BOOST_CHECK_THROW(td::predict(other.store, m.layers, x), td::HandleError);
}

BOOST_AUTO_TEST_CASE(outputs_of_other_rows_in_a_later_batch_are_refused) {
  td::ParameterStore store;
  const auto odd = [](const td::Value& x) { return x.cols() == 1024 ? td::slice_rows(x, 0, 1) : x; };
  BOOST_TEST(complaint<td::ShapeError>([&] { td::predict(store, odd, arma::fmat(2, 1030)); }) ==
             "predict: outputs of 2 rows from column 1024 on; expected 1, as before");
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
