#include "tapedeck/ops/reduction.hpp"

#include <boost/test/unit_test.hpp>

#include "support/complaint.hpp"
#include "support/op_tests.hpp"

namespace td = tapedeck;
using test::complaint;
using Values = std::vector<td::Value>;

BOOST_AUTO_TEST_SUITE(ops)
BOOST_AUTO_TEST_SUITE(reduction)

const test::OpTests common{
    "reduction",
    {
        {.name = "sum everything", .op = [](const Values& in) { return td::sum(in[0]); }},
        {.name = "sum features", .op = [](const Values& in) { return td::sum(in[0], td::over_features); }},
        {.name = "sum batch", .op = [](const Values& in) { return td::sum(in[0], td::over_batch); }},
        {.name = "mean everything",
         .op = [](const Values& in) { return td::mean(in[0]); },
         .smallest_batch = 1},
        {.name = "mean features", .op = [](const Values& in) { return td::mean(in[0], td::over_features); }},
        {.name = "mean batch",
         .op = [](const Values& in) { return td::mean(in[0], td::over_batch); },
         .smallest_batch = 1},
    }};

BOOST_AUTO_TEST_CASE(a_sum_of_nothing_is_zero_and_a_mean_of_nothing_an_error) {
  td::ParameterStore store;
  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Value empty = tape.input(td::Matrix<float>(3, 0));
  BOOST_TEST(td::sum(empty).item() == 0);
  BOOST_TEST((td::sum(empty, td::over_batch).shape() == td::Shape{3, 1}));
  BOOST_TEST(arma::accu(arma::abs(td::sum(empty, td::over_batch).matrix<float>())) == 0);
  BOOST_TEST((td::sum(empty, td::over_features).shape() == td::Shape{1, 0}));
  BOOST_TEST(complaint<td::ShapeError>([&] { td::mean(empty); }) == "mean: nothing, 3x0; expected elements");
  BOOST_CHECK_THROW(td::mean(tape.input(td::Matrix<float>(0, 3)), td::over_features), td::ShapeError);
}

BOOST_AUTO_TEST_CASE(sums_of_floats_are_accumulated_in_double) {
  td::ParameterStore store;
  td::Memory memory;
  td::Tape tape(store, memory);
  td::Matrix<float> ones(1, 20'000'000);  // a float that counts them stops at 2^24 = 16,777,216
  ones.ones();
  BOOST_TEST(td::sum(tape.borrow(ones)).item() == 2e7);
  BOOST_TEST(td::mean(tape.borrow(ones)).item() == 1);
}

BOOST_AUTO_TEST_CASE(labels_are_no_numbers) {
  td::ParameterStore store;
  td::Memory memory;
  td::Tape tape(store, memory);
  BOOST_CHECK_THROW(td::sum(tape.input(test::labels(3, 4))), td::ScalarError);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
