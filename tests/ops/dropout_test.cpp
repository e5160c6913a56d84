#include "tapedeck/ops/dropout.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

#include "support/complaint.hpp"
#include "support/op_tests.hpp"

namespace td = tapedeck;
using test::complaint;
using Values = std::vector<td::Value>;

BOOST_AUTO_TEST_SUITE(ops)
BOOST_AUTO_TEST_SUITE(dropout)

const test::OpTests common{"dropout",
                           {
                               {.name = "dropout 0.4",
                                .op = [](const Values& in) { return td::dropout(in[0], 0.4); },
                                .selects = true,
                                .has_references = false},
                               {.name = "dropout 0",
                                .op = [](const Values& in) { return td::dropout(in[0], 0); },
                                .has_references = false},
                           }};

namespace {

// What dropout makes of ones.
td::Matrix<double> mask(td::Shape shape, double probability, const td::TapeOptions& options,
                        std::uint64_t seed = 1, int uses = 1) {
  td::ParameterStore store({.seed = seed, .scalar = td::f64});
  td::Memory memory;
  td::Tape tape(store, memory, options);
  const td::Value x = tape.input(td::Matrix<double>(shape.rows, shape.cols, arma::fill::ones));
  for (int i = 1; i < uses; ++i) td::dropout(x, probability);
  return td::dropout(x, probability).matrix<double>();
}

bool equal(const td::Matrix<double>& a, const td::Matrix<double>& b) {
  return arma::all(arma::vectorise(a == b));
}

}  // namespace

BOOST_AUTO_TEST_CASE(as_many_are_dropped_as_the_probability_says) {
  for (const double p : {0.1, 0.5, 0.93}) {
    const td::Matrix<double> m = mask({1000, 1000}, p, {.step = 1});
    const double n = 1e6;
    double dropped = 0;
    for (const double x : m) dropped += x == 0 ? 1 : 0;
    BOOST_TEST(std::abs(dropped - n * p) < 5 * std::sqrt(n * p * (1 - p)), p << ": " << dropped);
    BOOST_TEST(arma::all(arma::vectorise(m == 0 || arma::abs(m - 1 / (1 - p)) < 1e-12)));
  }
}

BOOST_AUTO_TEST_CASE(neighbours_are_independent) {
  const double p = 0.3;
  const td::Matrix<double> kept =
      arma::conv_to<td::Matrix<double>>::from(mask({1000, 1000}, p, {.step = 1}) != 0);
  const auto correlated = [&](const td::Matrix<double>& a, const td::Matrix<double>& b) {
    const double n = static_cast<double>(a.n_elem);
    const double both = arma::accu(a % b);
    const double expected = (1 - p) * (1 - p);
    return std::abs(both - n * expected) >= 5 * std::sqrt(n * expected * (1 - expected));
  };
  for (const td::Index lag : {1U, 2U, 3U, 4U, 5U}) {
    BOOST_TEST(!correlated(kept.head_rows(1000 - lag), kept.tail_rows(1000 - lag)));
    BOOST_TEST(!correlated(kept.head_cols(1000 - lag), kept.tail_cols(1000 - lag)));
  }
}

BOOST_AUTO_TEST_CASE(a_mask_follows_seed_step_and_use_and_nothing_else) {
  const td::Shape s{7, 9};
  const auto m = mask(s, 0.5, {.step = 3});
  BOOST_TEST(equal(mask(s, 0.5, {.step = 3}), m));
  BOOST_TEST(!equal(mask(s, 0.5, {.step = 4}), m));
  BOOST_TEST(!equal(mask(s, 0.5, {.step = 3}, 2), m));
  BOOST_TEST(!equal(mask(s, 0.5, {.step = 3}, 1, 2), m));
  BOOST_TEST(!equal(mask(s, 0.5, {.step = 3}, 1, 3), mask(s, 0.5, {.step = 3}, 1, 2)));
}

BOOST_AUTO_TEST_CASE(a_pass_that_is_not_told_its_step_draws_anew) {
  td::ParameterStore store({.seed = 1, .scalar = td::f64});
  td::Memory memory;
  const auto draw = [&]() -> td::Matrix<double> {
    td::Tape tape(store, memory);
    return td::dropout(tape.input(td::Matrix<double>(7, 9, arma::fill::ones)), 0.5).matrix<double>();
  };
  const auto first = draw();
  BOOST_TEST(!equal(draw(), first));
}

BOOST_AUTO_TEST_CASE(other_ops_in_between_do_not_change_a_mask) {
  td::ParameterStore store({.seed = 1, .scalar = td::f64});
  td::Memory memory;
  td::Tape tape(store, memory, td::TapeOptions{.step = 3});
  const td::Value ones = tape.input(td::Matrix<double>(7, 9, arma::fill::ones));
  td::dropout(ones, 0);
  const td::Value x = td::detach(ones);
  BOOST_TEST(equal(td::dropout(x, 0.5).matrix<double>(), mask({7, 9}, 0.5, {.step = 3})));
}

BOOST_AUTO_TEST_CASE(parts_of_a_batch_draw_the_whole_batchs_mask) {
  const auto whole = mask({7, 10}, 0.5, {.step = 3});
  const auto left = mask({7, 4}, 0.5, {.step = 3});
  const auto right = mask({7, 6}, 0.5, {.step = 3, .first_column = 4});
  BOOST_TEST(equal(arma::join_rows(left, right), whole));
}

BOOST_AUTO_TEST_CASE(identity_in_evaluation) {
  BOOST_TEST(equal(mask({7, 9}, 0.5, {.mode = td::evaluate}), td::Matrix<double>(7, 9, arma::fill::ones)));
}

BOOST_AUTO_TEST_CASE(what_is_dropped_is_zero_even_if_it_is_not_finite) {
  td::ParameterStore store({.seed = 1, .scalar = td::f64});
  td::Memory memory;
  td::Tape tape(store, memory, td::TapeOptions{.step = 3});
  td::Matrix<double> x(7, 9);
  x.fill(std::numeric_limits<double>::infinity());
  const td::Value v = tape.variable(x);
  const td::Value y = td::dropout(v, 0.5);
  const auto m = mask({7, 9}, 0.5, {.step = 3});
  BOOST_TEST(equal(arma::conv_to<td::Matrix<double>>::from(y.matrix<double>() == 0),
                   arma::conv_to<td::Matrix<double>>::from(m == 0)));
  tape.backward({y, x});
  BOOST_TEST(!v.cotangent<double>().has_nan());
}

BOOST_AUTO_TEST_CASE(a_probability_out_of_range) {
  td::ParameterStore store;
  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Value x = tape.input(td::Matrix<float>(2, 3));
  for (const double bad : {-0.1, 1.0, 1.5, std::nan("")})
    BOOST_CHECK_THROW(td::dropout(x, bad), td::OptionError);
  BOOST_TEST(complaint<td::OptionError>([&] { td::dropout(x, 1.5); }) ==
             "dropout: probability = 1.5; expected 0 <= x < 1 (it is the probability to drop)");
  BOOST_CHECK_THROW(td::dropout(tape.input(test::labels(2, 3)), 0.5), td::ScalarError);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
