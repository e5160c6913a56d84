#include "tapedeck/data/targets.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "data/support.hpp"
#include "tapedeck/core/error.hpp"

namespace td = tapedeck;

BOOST_AUTO_TEST_SUITE(data)
BOOST_AUTO_TEST_SUITE(targets)

namespace {

bool same(const td::Matrix<double>& a, const td::Matrix<double>& b) {
  return td::shape_of(a) == td::shape_of(b) && arma::approx_equal(a, b, "absdiff", 0);
}

}  // namespace

BOOST_AUTO_TEST_CASE(two_classes_become_one_number) {
  const td::IndexMatrix labels{{0, 1, 1, 0}};
  BOOST_TEST(same(td::as_targets(labels), {{0, 1, 1, 0}}));
  BOOST_TEST(same(td::as_targets(labels, -1, 1), {{-1, 1, 1, -1}}));
  BOOST_TEST(same(td::as_targets(labels, 0.9, 0.1), {{0.9, 0.1, 0.1, 0.9}}));
}

BOOST_AUTO_TEST_CASE(classes_become_rows) {
  const td::IndexMatrix labels{{2, 0, 1, 2}};
  BOOST_TEST(same(td::one_hot(labels, 3), {{0, 1, 0, 0}, {0, 0, 1, 0}, {1, 0, 0, 1}}));
  BOOST_TEST(same(td::one_hot({{1, 0}}, 2, 0.1, 0.9), {{0.1, 0.9}, {0.9, 0.1}}));
  BOOST_TEST(same(td::one_hot(labels, 4, -1, 1),
                  {{-1, 1, -1, -1}, {-1, -1, 1, -1}, {1, -1, -1, 1}, {-1, -1, -1, -1}}));
}

BOOST_AUTO_TEST_CASE(no_labels_become_no_columns) {
  const td::IndexMatrix none(1, 0);
  BOOST_CHECK(td::shape_of(td::as_targets(none)) == (td::Shape{1, 0}));
  BOOST_CHECK(td::shape_of(td::one_hot(none, 3)) == (td::Shape{3, 0}));
}

BOOST_AUTO_TEST_CASE(labels_beyond_the_classes_are_refused) {
  BOOST_TEST(complaint<td::LabelError>([] {
               td::as_targets({{0, 1, 2}});
             }) ==
             "as_targets: label 2 of sample 2; expected less than 2, the number of classes (labels are "
             "counted from 0)");
  BOOST_TEST(complaint<td::LabelError>([] {
               td::one_hot({{0, 3, 2}}, 3);
             }) ==
             "one_hot: label 3 of sample 1; expected less than 3, the number of classes (labels are counted "
             "from 0)");
  BOOST_TEST(complaint<td::LabelError>([] {
               td::one_hot({{0, 0}}, 0);
             }) ==
             "one_hot: label 0 of sample 0; expected less than 0, the number of classes (labels are counted "
             "from 0)");
}

BOOST_AUTO_TEST_CASE(labels_are_one_row) {
  BOOST_TEST(complaint<td::ShapeError>([] {
               td::as_targets({{0, 1}, {1, 0}});
             }) == "as_targets: labels are 2x2; expected 1x2 (one column is one sample)");
  BOOST_TEST(complaint<td::ShapeError>([] { td::one_hot(td::IndexMatrix(4, 1), 2); }) ==
             "one_hot: labels are 4x1; expected 1x1 (one column is one sample)");
}

BOOST_AUTO_TEST_CASE(what_is_no_number_or_too_large_is_refused) {
  const td::IndexMatrix labels{{0, 1}};
  for (const double bad : {std::nan(""), HUGE_VAL}) {
    BOOST_TEST(
        complaint<td::OptionError>([&] { td::as_targets(labels, bad); }).starts_with("as_targets: low = "));
    BOOST_TEST(
        complaint<td::OptionError>([&] { td::one_hot(labels, 2, 0, bad); }).starts_with("one_hot: high = "));
  }
  BOOST_TEST(complaint<td::ShapeError>([&] {
               td::one_hot(labels, td::Index(0) - 1);
             }).starts_with("one_hot: 18446744073709551615x2; expected fewer than 2^32 rows"));
  BOOST_CHECK_THROW(td::one_hot(labels, td::Index{1} << 50U), td::ShapeError);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
