#include "tapedeck/train/metrics.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "support/complaint.hpp"
#include "tapedeck/core/error.hpp"

namespace td = tapedeck;
using test::complaint;

BOOST_AUTO_TEST_SUITE(train)
BOOST_AUTO_TEST_SUITE(metrics)

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

bool same(const td::IndexMatrix& a, const td::IndexMatrix& b) {
  return td::shape_of(a) == td::shape_of(b) && std::equal(a.begin(), a.end(), b.begin());
}

td::MeanDeviation summary(std::vector<double> values) { return td::mean_deviation(values); }

}  // namespace

BOOST_AUTO_TEST_CASE(one_output_is_compared_with_the_threshold) {
  const arma::mat outputs{{0.2, 0.5, 0.500001, 3, -1}};
  BOOST_TEST(same(td::predicted_classes(outputs), {{0, 0, 1, 1, 0}}));
  BOOST_TEST(same(td::predicted_classes(outputs, 0), {{1, 1, 1, 1, 0}}));
  BOOST_TEST(same(td::predicted_classes(outputs, -2), {{1, 1, 1, 1, 1}}));
  BOOST_TEST(same(td::predicted_classes(arma::fmat{{0.2F, 0.5F, 0.75F}}), {{0, 0, 1}}));
}

BOOST_AUTO_TEST_CASE(several_outputs_give_the_row_of_the_greatest) {
  const arma::mat outputs{{1, -3, 0, 0}, {2, -2, 5, -1}, {0, -1, 7, -1}};
  BOOST_TEST(same(td::predicted_classes(outputs), {{1, 2, 2, 0}}));
  BOOST_TEST(same(td::predicted_classes(outputs, 99), {{1, 2, 2, 0}}));
  BOOST_TEST(same(td::predicted_classes(arma::fmat{{1, 2}, {2, 1}}), {{1, 0}}));
}

BOOST_AUTO_TEST_CASE(a_tie_goes_to_the_first_row) {
  const arma::mat outputs{{1, 0, 2, -0.0}, {1, 4, 2, 0.0}, {1, 4, 1, 0.0}};
  BOOST_TEST(same(td::predicted_classes(outputs), {{0, 1, 0, 0}}));
}

BOOST_AUTO_TEST_CASE(nan_is_no_class_wherever_it_stands) {
  const arma::mat outputs{{not_a_number, 1, 1, 5}, {1, not_a_number, 2, 1}, {2, 0, not_a_number, 2}};
  BOOST_TEST(same(td::predicted_classes(outputs), {{td::no_class, td::no_class, td::no_class, 0}}));
  BOOST_TEST(same(td::predicted_classes(arma::mat{{not_a_number, 1}}), {{td::no_class, 1}}));
}

BOOST_AUTO_TEST_CASE(infinities_are_compared_like_numbers) {
  BOOST_TEST(same(td::predicted_classes(arma::mat{{1, -inf, -inf}, {inf, -5, -inf}}), {{1, 1, 0}}));
  BOOST_TEST(same(td::predicted_classes(arma::mat{{inf, -inf}}), {{1, 0}}));
}

BOOST_AUTO_TEST_CASE(no_samples_have_no_classes_but_no_outputs_are_refused) {
  BOOST_CHECK(td::shape_of(td::predicted_classes(arma::mat(3, 0))) == (td::Shape{1, 0}));
  BOOST_TEST(complaint<td::ShapeError>([] { td::predicted_classes(arma::mat(0, 3)); }) ==
             "predicted_classes: predictions are 0x3; expected at least 1 row (one column is one sample)");
}

BOOST_AUTO_TEST_CASE(accuracy_is_the_fraction_that_is_right) {
  const td::IndexMatrix labels{{0, 1, 1, 0}};
  const arma::mat one{{0.1, 0.9, 0.4, 0.6}};
  BOOST_TEST(td::accuracy(one, labels) == 0.5);
  BOOST_TEST(td::accuracy(one, labels, 0.3) == 0.75);
  BOOST_TEST(td::accuracy(arma::fmat{{-1, 1, 1, -1}}, labels, 0) == 1.0);
  const arma::mat two{{1, 0, 0, 0}, {0, 1, 1, 1}};
  BOOST_TEST(td::accuracy(two, labels) == 0.75);
  BOOST_TEST(td::accuracy(arma::vec{0, 0, 1}, td::IndexMatrix{2}) == 1.0);
  BOOST_TEST(td::accuracy(arma::vec{1, 0, 0}, td::IndexMatrix{2}) == 0.0);
}

BOOST_AUTO_TEST_CASE(nan_counts_as_wrong) {
  BOOST_TEST(td::accuracy(arma::mat{{not_a_number, 1, not_a_number, 0}}, {{0, 1, 1, 0}}) == 0.5);
  BOOST_TEST(td::accuracy(arma::mat{{not_a_number, 1}, {0, not_a_number}}, {{0, 0}}) == 0.0);
  BOOST_TEST(td::accuracy(arma::mat{{not_a_number, 1}, {0, not_a_number}}, {{1, 1}}) == 0.0);
}

BOOST_AUTO_TEST_CASE(accuracy_refuses_what_does_not_fit) {
  const arma::mat outputs(2, 4, arma::fill::zeros);
  BOOST_TEST(complaint<td::ShapeError>([&] {
               td::accuracy(outputs, {{0, 1, 1}});
             }) == "accuracy: labels are 1x3; expected 1x4 (one column is one sample)");
  BOOST_TEST(complaint<td::ShapeError>([&] { td::accuracy(outputs, td::IndexMatrix(4, 1)); }) ==
             "accuracy: labels are 4x1; expected 1x4 (one column is one sample)");
  BOOST_TEST(complaint<td::ShapeError>([] { td::accuracy(arma::mat(2, 0), td::IndexMatrix(1, 0)); }) ==
             "accuracy: predictions are 2x0; expected at least 1 output of 1 sample");
  BOOST_TEST(complaint<td::ShapeError>([] { td::accuracy(arma::fmat(0, 2), td::IndexMatrix(1, 2)); }) ==
             "accuracy: predictions are 0x2; expected at least 1 output of 1 sample");
  BOOST_TEST(complaint<td::LabelError>([&] {
               td::accuracy(outputs, {{0, 1, 2, 0}});
             }) ==
             "accuracy: label 2 of sample 2; expected less than 2, the number of classes (labels are counted "
             "from 0)");
  BOOST_TEST(complaint<td::LabelError>([] {
               td::accuracy(arma::mat{{0, 1}}, {{0, 2}});
             }) ==
             "accuracy: label 2 of sample 1; expected less than 2, the number of classes (labels are counted "
             "from 0)");
}

BOOST_AUTO_TEST_CASE(a_confusion_matrix_has_true_classes_in_rows) {
  const td::IndexMatrix labels{{0, 0, 0, 1, 1, 2}};
  const td::IndexMatrix predicted{{0, 1, 1, 1, 2, 2}};
  BOOST_TEST(same(td::confusion_matrix(predicted, labels, 3), {{1, 2, 0}, {0, 1, 1}, {0, 0, 1}}));
  BOOST_TEST(arma::accu(td::confusion_matrix(predicted, labels, 5)) == 6U);
  BOOST_TEST(same(td::confusion_matrix(td::IndexMatrix(1, 0), td::IndexMatrix(1, 0), 2), {{0, 0}, {0, 0}}));
}

BOOST_AUTO_TEST_CASE(a_confusion_matrix_leaves_out_samples_without_a_class) {
  const td::IndexMatrix predicted = td::predicted_classes(arma::mat{{not_a_number, 1, 0}});
  BOOST_TEST(same(td::confusion_matrix(predicted, {{1, 1, 1}}, 2), {{0, 0}, {1, 1}}));
}

BOOST_AUTO_TEST_CASE(a_confusion_matrix_refuses_what_does_not_fit) {
  BOOST_TEST(complaint<td::ShapeError>([] {
               td::confusion_matrix({{0, 1}}, {{0, 1, 1}}, 2);
             }) == "confusion_matrix: predicted classes are 1x2; expected 1x3 (one column is one sample)");
  BOOST_TEST(complaint<td::ShapeError>([] {
               td::confusion_matrix({{0, 1}}, {{0, 1}, {1, 0}}, 2);
             }) == "confusion_matrix: labels are 2x2; expected 1x2 (one column is one sample)");
  BOOST_TEST(complaint<td::LabelError>([] {
               td::confusion_matrix({{0, 1}}, {{0, 2}}, 2);
             }) ==
             "confusion_matrix: label 2 of sample 1; expected less than 2, the number of classes (labels are "
             "counted from 0)");
  BOOST_TEST(complaint<td::LabelError>([] {
               td::confusion_matrix({{3, 1}}, {{0, 1}}, 3);
             }) ==
             "confusion_matrix: predicted class 3 of sample 0; expected less than 3, the number of classes "
             "(labels are counted from 0)");
}

BOOST_AUTO_TEST_CASE(metrics_of_numbers_by_hand) {
  // Row 0: errors 0, 0, 1, -0.5, mean 2.75; row 1 is 1000 times as large and far from 0.
  const arma::mat targets{{1, 2, 4, 4}, {1e6 + 1000, 1e6 + 2000, 1e6 + 4000, 1e6 + 4000}};
  const arma::mat predictions{{1, 2, 3, 4.5}, {1e6 + 1000, 1e6 + 2000, 1e6 + 3000, 1e6 + 4500}};
  const td::RegressionMetrics m = td::regression_metrics(predictions, targets);
  for (td::Index r = 0; r < 2; ++r) {
    const double unit = r == 0 ? 1 : 1000;
    BOOST_TEST(std::abs(m.r2(r) - (1 - 1.25 / 6.75)) < 1e-14);
    BOOST_TEST(m.mae(r) == 0.375 * unit);
    BOOST_TEST(std::abs(m.rmse(r) - std::sqrt(0.3125) * unit) < 1e-14 * unit);
  }
  const arma::fmat in_float = arma::conv_to<arma::fmat>::from(predictions);
  BOOST_TEST(td::regression_metrics(in_float, targets).mae(0) == 0.375);
  BOOST_TEST(td::regression_metrics(targets, targets).r2(1) == 1);
  BOOST_TEST(td::regression_metrics(arma::mat{{2.5, 2.5}}, arma::mat{{2, 3}}).r2(0) == 0);
}

BOOST_AUTO_TEST_CASE(metrics_of_numbers_at_the_edges) {
  const td::RegressionMetrics constant = td::regression_metrics(arma::mat{{1, 2}}, arma::mat{{0.1, 0.1}});
  BOOST_TEST(std::isnan(constant.r2(0)));
  BOOST_TEST(std::abs(constant.mae(0) - 1.4) < 1e-15);
  BOOST_TEST(std::isnan(td::regression_metrics(arma::mat{{not_a_number, 2}}, arma::mat{{1, 2}}).rmse(0)));
  BOOST_TEST(
      complaint<td::ShapeError>([] { td::regression_metrics(arma::mat(1, 2), arma::mat(1, 3)); }) ==
      "regression_metrics: predictions are 1x2, targets 1x3; expected the same shape (one column is one "
      "sample)");
  BOOST_TEST(complaint<td::ShapeError>([] { td::regression_metrics(arma::mat(1, 0), arma::mat(1, 0)); }) ==
             "regression_metrics: no samples; expected at least 1");
}

BOOST_AUTO_TEST_CASE(a_summary_by_hand) {
  const td::MeanDeviation s = summary({2, 4, 4, 4, 5, 5, 7, 9});
  BOOST_TEST(s.mean == 5.0);
  BOOST_TEST(std::abs(s.deviation - std::sqrt(32.0 / 7)) < 1e-15);
  BOOST_TEST(s.count == 8U);
}

BOOST_AUTO_TEST_CASE(a_single_value_has_deviation_0) {
  const td::MeanDeviation s = summary({0.97});
  BOOST_TEST(s.mean == 0.97);
  BOOST_TEST(s.deviation == 0.0);
  BOOST_TEST(s.count == 1U);
}

BOOST_AUTO_TEST_CASE(a_summary_does_not_cancel) {
  const td::MeanDeviation s = summary({1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16});
  BOOST_TEST(s.mean == 1e9 + 10);
  BOOST_TEST(std::abs(s.deviation - std::sqrt(30.0)) < 1e-12);
  std::vector<double> tenths(1000, 0.1);
  BOOST_TEST(td::mean_deviation(tenths).deviation == 0.0);
}

BOOST_AUTO_TEST_CASE(a_summary_does_not_hide_what_is_not_finite) {
  for (const double bad : {not_a_number, inf, -inf}) {
    for (const auto& values : {std::vector<double>{bad}, {bad, 1, 2}, {1, bad, 2}, {1, 2, bad}}) {
      const td::MeanDeviation s = td::mean_deviation(values);
      BOOST_TEST(!std::isfinite(s.mean));
      BOOST_TEST(std::isnan(s.deviation));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_summary_of_nothing_is_refused) {
  BOOST_TEST(complaint<td::ShapeError>([] { summary({}); }) ==
             "mean_deviation: no values; expected at least 1");
}

BOOST_AUTO_TEST_CASE(a_threshold_of_nan_is_refused) {
  const arma::mat outputs(1, 2, arma::fill::zeros);
  BOOST_TEST(complaint<td::OptionError>([&] { td::predicted_classes(outputs, not_a_number); }) ==
             "predicted_classes: threshold = nan; expected a number");
  BOOST_TEST(complaint<td::OptionError>([&] {
               td::accuracy(outputs, {{0, 1}}, not_a_number);
             }) == "accuracy: threshold = nan; expected a number");
  BOOST_TEST(same(td::predicted_classes(outputs, -inf), {{1, 1}}));
}

BOOST_AUTO_TEST_CASE(more_classes_than_can_be_are_refused) {
  const td::IndexMatrix zero(1, 1, arma::fill::zeros);
  for (const td::Index bad : {td::Index(0) - 1, td::Index{1} << 23U}) {
    BOOST_TEST(complaint<td::ShapeError>([&] {
                 td::confusion_matrix(zero, zero, bad);
               }).starts_with("confusion_matrix: " + std::to_string(bad) + "x" + std::to_string(bad)));
  }
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
