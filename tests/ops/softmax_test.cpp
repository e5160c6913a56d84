#include "tapedeck/ops/softmax.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "support/op_tests.hpp"

namespace td = tapedeck;
using Values = std::vector<td::Value>;

BOOST_AUTO_TEST_SUITE(ops)
BOOST_AUTO_TEST_SUITE(softmax)

namespace {
const std::vector<td::Shape> several_features{{3, 5}, {2, 17}, {257, 2}};
td::Index features(td::Shape s) { return s.rows; }
}  // namespace

const test::OpTests common{"softmax",
                           {
                               {.name = "softmax",
                                .op = [](const Values& in) { return td::softmax(in[0]); },
                                .shapes = several_features,
                                .terms = features},
                               {.name = "log_softmax",
                                .op = [](const Values& in) { return td::log_softmax(in[0]); },
                                .shapes = several_features,
                                .terms = features},
                           }};

BOOST_AUTO_TEST_CASE(columns_sum_to_one) {
  td::ParameterStore store;
  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Value y = td::softmax(tape.input(test::normal({257, 4}, 1)));
  for (td::Index c = 0; c < 4; ++c) BOOST_TEST(std::abs(arma::accu(y.matrix<float>().col(c)) - 1) < 2e-6F);
}

BOOST_AUTO_TEST_CASE(large_logits_in_float) {
  td::ParameterStore store;
  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Value x = tape.variable(td::Matrix<float>{{1e4F, -1e4F}, {-1e4F, -1e4F}, {1e4F, 1e4F}});
  const td::Value y = td::log_softmax(x);
  const float ln2 = std::log(2.0F);
  const td::Matrix<float> wanted{{-ln2, -2e4F}, {-2e4F - ln2, -2e4F}, {-ln2, 0}};
  // At 1e4 a float's neighbours are 0.001 apart, but the differences are formed in double.
  BOOST_TEST(
      arma::all(arma::vectorise(arma::abs(y.matrix<float>() - wanted) <= 1.2e-7F * arma::abs(wanted))));
  tape.backward({y, td::Matrix<float>{{1, 1}, {1, 1}, {1, 1}}});
  BOOST_TEST(arma::abs(x.cotangent<float>() - td::Matrix<float>{{-0.5F, 1}, {1, 1}, {-0.5F, -2}}).max() <
             1e-6F);
}

BOOST_AUTO_TEST_CASE(labels_are_no_numbers) {
  td::ParameterStore store;
  td::Memory memory;
  td::Tape tape(store, memory);
  BOOST_CHECK_THROW(td::softmax(tape.input(test::labels(3, 4))), td::ScalarError);
  BOOST_CHECK_THROW(td::log_softmax(tape.input(test::labels(3, 4))), td::ScalarError);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
