// Tables read as float, and relative to their first rows.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "io/support.hpp"
#include "tapedeck/io/csv.hpp"

namespace td = tapedeck;
using test::csv;
using test::csv_error;
using test::same;

BOOST_AUTO_TEST_SUITE(io)
BOOST_AUTO_TEST_SUITE(csv)

namespace {

bool same_origin(const td::CsvData& table, const arma::vec& origin) {
  return same(td::Matrix<double>(table.origin), td::Matrix<double>(origin));
}

}  // namespace

BOOST_AUTO_TEST_CASE(x_is_rounded_to_float) {
  const std::string text = "a,b,c,y\n0.1,1e-50,u,0.1\n-0,3.4028235e38,v,0.2\n16777217,nan,u,0.3\n";
  td::CsvOptions options{.targets = {"y"}, .allow_non_finite = true, .text_features = true};
  const td::CsvData doubles = test::csv(text, options);
  options.scalar = td::f32;
  const td::CsvData floats = test::csv(text, options);
  BOOST_TEST(same(floats.data.x<float>(), arma::conv_to<td::Matrix<float>>::from(doubles.data.x<double>())));
  BOOST_TEST(same(floats.data.y<double>(), doubles.data.y<double>()));
  BOOST_TEST(floats.data.x<float>()(0, 2) == 16777216.0F);
  BOOST_TEST(floats.origin.empty());
}

BOOST_AUTO_TEST_CASE(a_number_beyond_float_is_refused) {
  const std::string beyond =
      ":3:1: a number in column \"b\" that is too large for float; expected a number within its range "
      "(scalar = "
      "f64 takes larger ones)";
  for (const bool text_features : {false, true}) {
    const td::CsvOptions options{.allow_non_finite = true, .text_features = text_features, .scalar = td::f32};
    BOOST_TEST(csv_error("a,b\n1,inf\n2,-3.5e38\n", options) == "t.csv" + beyond);
    BOOST_TEST(test::csv("a\ninf\n", options).data.x<float>()(0) == std::numeric_limits<float>::infinity());
  }
  // A difference may be too large for double.
  BOOST_TEST(csv_error("a\n1e308\n-1e308\n", {.subtract_first = true}) ==
             "t.csv:3:1: a number in column \"a\" that is too large for double; expected a number within its "
             "range");
  // Unless the column turns out to be one of categories.
  BOOST_TEST(test::csv("a\n1e39\nx\n", {.text_features = true, .scalar = td::f32}).categories.size() == 1U);
}

BOOST_AUTO_TEST_CASE(what_is_subtracted_comes_from_the_first_row_taken) {
  const std::string text = "a,c,b\n,x,1\n10,x,2.5\n11,y,2\n12.25,x,-1\n";
  td::CsvOptions options{.missing = td::Missing::skip_row, .text_features = true, .subtract_first = true};
  const td::CsvData doubles = test::csv(text, options);
  BOOST_TEST(same_origin(doubles, {10, 0, 0, 2.5}));
  BOOST_TEST(same(doubles.data.x<double>(),
                  td::Matrix<double>{{0, 1, 2.25}, {1, 0, 1}, {0, 1, 0}, {0, -0.5, -3.5}}));
  options.scalar = td::f32;
  const td::CsvData floats = test::csv(text, options);
  BOOST_TEST(same_origin(floats, doubles.origin));
  BOOST_TEST(same(floats.data.x<float>(), arma::conv_to<td::Matrix<float>>::from(doubles.data.x<double>())));
}

BOOST_AUTO_TEST_CASE(what_is_subtracted_is_finite) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const td::CsvData table = test::csv("a,b,c\n,inf,1\n,7,2\n5,8,3\n", {.missing = td::Missing::value,
                                                                       .missing_value = nan,
                                                                       .allow_non_finite = true,
                                                                       .subtract_first = true});
  const auto& x = table.data.x<double>();
  BOOST_TEST(same_origin(table, {5, 7, 1}));
  BOOST_TEST((std::isnan(x(0, 0)) && std::isnan(x(0, 1)) && x(0, 2) == 0.0));
  BOOST_TEST((std::isinf(x(1, 0)) && x(1, 1) == 0.0 && x(1, 2) == 1.0));
  BOOST_TEST(same_origin(test::csv("a\nnan\n", {.allow_non_finite = true, .subtract_first = true}), {0}));
}

BOOST_AUTO_TEST_CASE(what_is_subtracted_may_be_given) {
  const std::string text = "a,c,b\n10,x,1\n11,y,2\n";
  td::CsvOptions options{.features = {"a", "c", "b"},
                         .categories = {{.column = "c", .names = {"x", "y"}}},
                         .origin = {10.5, 0, 0, -1}};
  const td::CsvData table = test::csv(text, options);
  BOOST_TEST(same(table.data.x<double>(), td::Matrix<double>{{-0.5, 0.5}, {1, 0}, {0, 1}, {2, 3}}));
  BOOST_TEST(same_origin(table, options.origin));
  options.scalar = td::f32;
  BOOST_TEST(
      same(test::csv(text, options).data.x<float>(), td::Matrix<float>{{-0.5, 0.5}, {1, 0}, {0, 1}, {2, 3}}));
  options.origin = {10.5, 0};
  BOOST_TEST(csv_error<td::OptionError>(text, options) ==
             "read_csv: origin has 2 elements; expected 4, as many as x has rows");
  BOOST_TEST(csv_error<td::OptionError>("a\n1\n", {.subtract_first = true, .origin = {1}}) ==
             "read_csv: both subtract_first and origin; expected one of them");
}

// Seconds since 1970, to the millisecond: float alone would keep them to 128 s.
BOOST_AUTO_TEST_CASE(columns_far_from_zero_keep_their_digits_in_float) {
  constexpr td::Index n = 1000;
  std::string text = "t\n";
  for (td::Index i = 0; i < n; ++i) {
    text += std::to_string(1'600'000'000 + i * i % 997) + "." + std::to_string(100 + i % 900) + "\n";
  }
  const td::CsvData exact = test::csv(text);
  const td::CsvData table = test::csv(text, {.scalar = td::f32, .subtract_first = true});
  const arma::rowvec wanted = exact.data.x<double>().row(0);
  const arma::rowvec kept = arma::conv_to<arma::rowvec>::from(table.data.x<float>().row(0)) + table.origin(0);
  const double most = std::exp2(-24) * std::sqrt(2.0 * n) * arma::stddev(wanted, 1);
  const double rounding = 2 * std::exp2(-53) * 1.7e9;  // of the sum here, and of the difference
  BOOST_TEST(arma::abs(kept - wanted).max() <= most + rounding);
  BOOST_TEST(arma::abs(kept - wanted).max() < 1e-3);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
