#include "tapedeck/layers/dropout.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "support/complaint.hpp"
#include "support/op_tests.hpp"
#include "tapedeck/layers/activation.hpp"
#include "tapedeck/layers/linear.hpp"
#include "tapedeck/layers/sequential.hpp"

namespace td = tapedeck;
using test::complaint;

BOOST_AUTO_TEST_SUITE(layers)
BOOST_AUTO_TEST_SUITE(dropout)

namespace {

bool equal(const td::Matrix<double>& a, const td::Matrix<double>& b) {
  return arma::all(arma::vectorise(a == b));
}

// What a model makes of ones.
td::Matrix<double> of_ones(const td::Sequential& model, td::Shape shape, const td::TapeOptions& options) {
  td::ParameterStore store({.seed = 1, .scalar = td::f64});
  td::Memory memory;
  td::Tape tape(store, memory, options);
  return model(tape.input(td::Matrix<double>(shape.rows, shape.cols, arma::fill::ones))).matrix<double>();
}

const td::Dropout half{{.probability = 0.5}};
const td::TapeOptions step_3{.step = 3};

}  // namespace

BOOST_AUTO_TEST_CASE(description_and_options) {
  BOOST_TEST(td::Dropout{}.describe() == "Dropout(0.5)");
  BOOST_TEST(td::Dropout{{.probability = 0.1}}.describe() == "Dropout(0.1)");
  for (const double bad : {-0.1, 1.0, std::nan("")}) {
    BOOST_CHECK_THROW(td::Dropout{{.probability = bad}}, td::OptionError);
  }
}

BOOST_AUTO_TEST_CASE(gradient_with_its_masks) {
  td::ParameterStore store;
  const td::Sequential model{td::Linear{store.scope("fc_1"), 4, 20}, td::Tanh{}, half,
                             td::Linear{store.scope("fc_2"), 20, 20}, half};
  const auto report = td::check_gradient(store, model, {td::Shape{4, 5}});
  BOOST_TEST(report.passed(), report);
}

BOOST_AUTO_TEST_CASE(identity_in_evaluation) {
  BOOST_TEST(
      equal(of_ones({half}, {7, 9}, {.mode = td::evaluate}), td::Matrix<double>(7, 9, arma::fill::ones)));
}

BOOST_AUTO_TEST_CASE(a_million_draws) {
  const double p = 0.2;
  const td::Matrix<double> y = of_ones({td::Dropout{{.probability = p}}}, {1000, 1000}, step_3);
  // The mean of n variables that are 1 / (1 - p) with probability 1 - p, else 0, has the variance p / (1 - p)
  // / n.
  BOOST_TEST(std::abs(arma::accu(y) / 1e6 - 1) < 5 * std::sqrt(p / (1 - p) / 1e6));
}

BOOST_AUTO_TEST_CASE(a_mask_follows_the_layers_name) {
  const td::Shape s{7, 9};
  const auto alone = of_ones({{"drop", half}}, s, step_3);
  const auto identity = [](const td::Value& x) { return x; };
  BOOST_TEST(equal(of_ones({identity, {"drop", half}, identity}, s, step_3), alone));
  BOOST_TEST(!equal(of_ones({{"other", half}}, s, step_3), alone));
  // Both masks apply.
  const auto both = of_ones({{"drop", half}, {"other", half}}, s, step_3);
  BOOST_TEST(equal(both, alone % of_ones({{"other", half}}, s, step_3)));
  // Within another Sequential it is another layer.
  BOOST_TEST(!equal(of_ones({{"inner", td::Sequential{{"drop", half}}}}, s, step_3), alone));
}

BOOST_AUTO_TEST_CASE(each_use_on_a_tape_has_a_mask_of_its_own) {
  td::ParameterStore store({.seed = 1, .scalar = td::f64});
  td::Memory memory;
  const td::Sequential model{half};
  const td::Matrix<double> ones(7, 9, arma::fill::ones);
  const auto two = [&]() -> std::pair<td::Matrix<double>, td::Matrix<double>> {
    td::Tape tape(store, memory, step_3);
    const td::Value x = tape.input(ones);
    return {model(x).matrix<double>(), model(x).matrix<double>()};
  };
  const auto first = two();
  BOOST_TEST(!equal(first.first, first.second));
  const auto again = two();
  BOOST_TEST(equal(again.first, first.first));
  BOOST_TEST(equal(again.second, first.second));
}

BOOST_AUTO_TEST_CASE(workers_that_share_a_batch_draw_its_mask) {
  td::ParameterStore store({.seed = 1, .scalar = td::f64});
  const td::Sequential model{td::Linear{store.scope("fc"), 3, 8}, half, td::Tanh{}, half};
  const auto x = test::normal({3, 10}, 1);
  const auto run = [&](td::Index first, td::Index last) -> td::Matrix<double> {
    td::Memory memory;
    td::Tape tape(store, memory, td::TapeOptions{.step = 3, .first_column = first});
    return model(tape.input(td::Matrix<double>(x.cols(first, last)))).matrix<double>();
  };
  const auto whole = run(0, 9);
  const td::Matrix<double> parts = arma::join_rows(run(0, 3), run(4, 9));
  const td::Matrix<double> dropped = arma::conv_to<td::Matrix<double>>::from(whole == 0);
  BOOST_TEST(equal(arma::conv_to<td::Matrix<double>>::from(parts == 0), dropped));
  BOOST_TEST(arma::abs(parts - whole).max() < 1e-15 * 100);  // products of other shapes round otherwise
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
