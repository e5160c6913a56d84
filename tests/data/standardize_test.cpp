#include "tapedeck/data/standardize.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

#include "data/support.hpp"
#include "tapedeck/core/error.hpp"
#include "tapedeck/core/random.hpp"

namespace td = tapedeck;

BOOST_AUTO_TEST_SUITE(data)
BOOST_AUTO_TEST_SUITE(standardize)

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

template <class T>
td::Dataset samples(const td::Matrix<T>& x) {
  return {x, td::IndexMatrix(1, x.n_cols)};
}

/// Normal samples, feature r of mean[r] and deviation[r].
arma::mat normal_samples(const arma::vec& mean, const arma::vec& deviation, td::Index count) {
  arma::mat x(mean.n_elem, count);
  for (td::Index c = 0; c < count; ++c) {
    for (td::Index r = 0; r < mean.n_elem; ++r) x(r, c) = mean(r) + deviation(r) * td::Random{4}.normal(r, c);
  }
  return x;
}

/// Mean and deviation of each row, in long double.
void check_standard(const arma::mat& z, double tolerance) {
  for (td::Index r = 0; r < z.n_rows; ++r) {
    long double sum = 0;
    long double squares = 0;
    for (td::Index c = 0; c < z.n_cols; ++c) sum += z(r, c);
    const long double mean = sum / z.n_cols;
    for (td::Index c = 0; c < z.n_cols; ++c) squares += (z(r, c) - mean) * (z(r, c) - mean);
    BOOST_TEST(std::abs(static_cast<double>(mean)) <= tolerance);
    BOOST_TEST(std::abs(static_cast<double>(squares / z.n_cols) - 1) <= tolerance);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_case_by_hand) {
  const td::Standardizer standardizer{samples(arma::mat{{1, 3, 1, 3}, {10, 20, 30, 40}})};
  BOOST_TEST(standardizer.mean()(0) == 2.0);
  BOOST_TEST(standardizer.mean()(1) == 25.0);
  BOOST_TEST(standardizer.deviation()(0) == 1.0);
  BOOST_TEST(std::abs(standardizer.deviation()(1) - std::sqrt(125.0)) < 1e-14);
  const arma::mat z = standardizer.apply(arma::vec{4, 25 + std::sqrt(500.0)});
  BOOST_TEST(z(0) == 2.0);
  BOOST_TEST(std::abs(z(1) - 2) < 1e-15);
}

BOOST_AUTO_TEST_CASE(mean_0_and_variance_1_to_1e_12) {
  const arma::mat x = normal_samples({0, 1000, -1e6, 1e-30, 5}, {1, 0.1, 100, 1e-31, 1e8}, 2000);
  check_standard(td::Standardizer{samples(x)}.apply(x), 1e-12);
}

BOOST_AUTO_TEST_CASE(float_data_is_accumulated_in_double) {
  const arma::fmat x = arma::conv_to<arma::fmat>::from(normal_samples({1000, 3e4}, {0.1, 1}, 5000));
  const td::Standardizer standardizer{samples(x)};
  const td::Standardizer exact{samples<double>(arma::conv_to<arma::mat>::from(x))};
  for (const td::Index r : {0U, 1U}) {
    BOOST_TEST(standardizer.mean()(r) == exact.mean()(r));
    BOOST_TEST(standardizer.deviation()(r) == exact.deviation()(r));
  }
  check_standard(arma::conv_to<arma::mat>::from(standardizer.apply(x)), 1e-6);
}

BOOST_AUTO_TEST_CASE(magnitudes_neither_overflow_nor_vanish) {
  const arma::mat x{{-1e300, 1e300}, {-1e-200, 1e-200}, {0, 5e-324}};
  const td::Standardizer standardizer{samples(x)};
  BOOST_TEST(standardizer.deviation()(0) == 1e300);
  BOOST_TEST(standardizer.deviation()(1) == 1e-200);
  BOOST_TEST(standardizer.apply(x).is_finite());
}

BOOST_AUTO_TEST_CASE(a_constant_feature_has_deviation_1_and_becomes_0) {
  const arma::mat x(1, 1000, arma::fill::value(0.1));  // the sum of these is not 100
  const td::Standardizer standardizer{samples(x)};
  BOOST_TEST(standardizer.mean()(0) == 0.1);
  BOOST_TEST(standardizer.deviation()(0) == 1.0);
  BOOST_TEST(arma::abs(standardizer.apply(x)).max() == 0.0);
  BOOST_TEST(standardizer.apply(arma::mat{2.1})(0) == 2.0);
}

BOOST_AUTO_TEST_CASE(one_sample_is_constant) {
  const td::Standardizer standardizer{samples<double>(arma::vec{3, -4})};
  BOOST_TEST(standardizer.mean()(1) == -4.0);
  BOOST_TEST(standardizer.deviation()(1) == 1.0);
}

// Half of n samples at the mean - offset, half at the mean + offset.
template <class T>
double deviation_of(T mean, T offset, td::Index n) {
  td::Matrix<T> x(1, n);
  for (td::Index c = 0; c < n; ++c) x(0, c) = c % 2 == 0 ? mean - offset : mean + offset;
  return td::Standardizer{samples(x)}.deviation()(0);
}

BOOST_AUTO_TEST_CASE(rounding_errors_make_no_deviation) {
  td::Matrix<double> x(1, 100, arma::fill::value(0.3));
  x(0, 1) = 0.1 + 0.2;  // 0.30000000000000004
  const td::Standardizer standardizer{samples(x)};
  BOOST_TEST(standardizer.deviation()(0) == 1.0);
  BOOST_TEST(arma::abs(standardizer.apply(x)).max() <= 1e-16);
  BOOST_TEST(deviation_of(0.3F, std::numeric_limits<float>::epsilon() / 4, 2) == 1.0);  // neighbours
}

// var <= n eps var + (n eps mean)^2, as sklearn.preprocessing computes it.
BOOST_AUTO_TEST_CASE(what_counts_as_constant_is_scikit_learn_s_rule) {
  constexpr double eps = std::numeric_limits<double>::epsilon();
  for (const td::Index n : {td::Index{2}, td::Index{100}, td::Index{100'000}}) {
    for (const double mean : {1.0, -0.75, 1e9}) {
      const auto count = static_cast<double>(n);
      for (const double factor : {0.25, 0.999, 1.0, 1.001, 1.5, 4.0}) {
        // What the samples really are: mean and offset are rounded when they are added.
        const double wanted = factor * count * eps * std::abs(mean);
        const double low = mean - wanted;
        const double high = mean + wanted;
        const long double middle = (static_cast<long double>(low) + high) / 2;
        const long double variance = (high - middle) * (high - middle);
        const bool constant =
            variance <= count * eps * variance + (count * eps * middle) * (count * eps * middle);
        BOOST_TEST((deviation_of(mean, wanted, n) == 1.0) == constant,
                   n << " samples of " << mean << " +- " << wanted);
      }
    }
  }
  BOOST_TEST(deviation_of(1.0, 2 * eps, 2) == 1.0);  // at the bound
  BOOST_TEST(deviation_of(1.0, 3 * eps, 2) == 3 * eps);
}

BOOST_AUTO_TEST_CASE(what_floats_can_tell_apart_counts) {
  constexpr float eps = std::numeric_limits<float>::epsilon();
  for (const td::Index n : {td::Index{2}, td::Index{100'000}}) {
    BOOST_TEST(deviation_of(1.0F, eps, n) == 1.0);
    BOOST_TEST(deviation_of(1.0F, 2 * eps, n) == 2.0 * eps);
    BOOST_TEST(deviation_of(-4096.0F, 4096 * eps, n) == 1.0);
    BOOST_TEST(deviation_of(-4096.0F, 8192 * eps, n) == 8192.0 * eps);
  }
}

BOOST_AUTO_TEST_CASE(a_small_variation_of_a_large_mean_is_real) {
  for (const td::Index n : {td::Index{2}, td::Index{100'000}}) BOOST_TEST(deviation_of(1e9, 2.0, n) == 2.0);
  BOOST_TEST(deviation_of(1e300, 1e290, 2) > 0.99e290);  // nothing overflows
  BOOST_TEST(deviation_of(0.0, 1e-300, 2) == 1e-300);    // zero has no rounding errors
}

BOOST_AUTO_TEST_CASE(other_data_gets_the_training_data_s_figures) {
  const td::Standardizer standardizer{samples(arma::mat{{0, 2}})};
  const td::Dataset test{arma::mat{{10, 20, 30}}, arma::mat{{7, 8, 9}}};
  const td::Dataset standardized = standardizer.apply(test);
  BOOST_TEST(standardized.x<double>()(2) == 29.0);
  BOOST_TEST(standardized.y<double>()(2) == 9.0);
  const td::Dataset single = standardizer.apply(test.converted(td::f32));
  BOOST_TEST(single.x<float>()(1) == 19.0F);
}

BOOST_AUTO_TEST_CASE(in_its_own_memory_and_less_an_origin) {
  const arma::mat x = normal_samples({1.7e9, -3}, {1000, 0.1}, 500);
  const arma::vec origin = x.col(0);
  arma::fmat less = arma::conv_to<arma::fmat>::from(x.each_col() - origin);
  const td::Standardizer whole{samples(x)};
  const td::Standardizer apart{samples(less), origin};
  // Rounding a difference of at most 7 deviations to float costs at most 7 * 2^-24 deviations.
  const double tolerance = 7 / 16777216.0;
  for (td::Index r = 0; r < 2; ++r) {
    BOOST_TEST(std::abs(apart.mean()(r) - whole.mean()(r)) <= tolerance * whole.deviation()(r));
    BOOST_TEST(std::abs(apart.deviation()(r) / whole.deviation()(r) - 1) <= tolerance);
  }
  const float* memory = less.memptr();
  apart.apply_in_place(less, origin);
  BOOST_TEST(less.memptr() == memory);
  const arma::mat z = whole.apply(x);
  BOOST_TEST(arma::abs(arma::conv_to<arma::mat>::from(less) - z).max() <= 3 * tolerance);
  arma::mat alone = x;
  whole.apply_in_place(alone);
  BOOST_TEST(arma::approx_equal(alone, z, "absdiff", 0));
  const std::string sentence = "Standardizer: an origin of 3 features; expected 2, or none";
  BOOST_TEST(complaint<td::ShapeError>([&] { whole.apply_in_place(alone, arma::vec(3)); }) == sentence);
  BOOST_TEST(complaint<td::ShapeError>([&] { td::Standardizer(samples(x), arma::vec(3)); }) == sentence);
}

BOOST_AUTO_TEST_CASE(inverse_undoes_apply) {
  const arma::mat x = normal_samples({0, 1000, -3}, {1, 0.1, 50}, 100);
  const td::Standardizer standardizer{samples(x)};
  BOOST_TEST(arma::abs(standardizer.inverse(standardizer.apply(x)) - x).max() <= 1e-12);
  const arma::fmat single = arma::conv_to<arma::fmat>::from(x);
  BOOST_TEST(arma::abs(standardizer.inverse(standardizer.apply(single)) - single).max() <= 1e-4F);
}

BOOST_AUTO_TEST_CASE(nan_and_inf_pass_through_apply) {
  const td::Standardizer standardizer{samples(arma::mat{{0, 2}})};
  const arma::mat z = standardizer.apply(arma::mat{{std::nan(""), inf, -inf, 1}});
  BOOST_TEST(std::isnan(z(0)));
  BOOST_TEST(z(1) == inf);
  BOOST_TEST(z(2) == -inf);
  BOOST_TEST(z(3) == 0.0);
}

BOOST_AUTO_TEST_CASE(data_it_cannot_be_made_from_is_refused) {
  BOOST_TEST(complaint<td::ShapeError>([] { td::Standardizer{samples(arma::mat(3, 0))}; }) ==
             "Standardizer: x is 3x0; expected at least 1 sample");
  BOOST_TEST(complaint<td::NonFiniteError>([] {
               td::Standardizer{samples(arma::mat{{0, 1, 2}, {0, 1, std::nan("")}})};
             }) == "Standardizer: feature 1 of sample 2 is nan; expected a finite number");
  BOOST_TEST(complaint<td::NonFiniteError>([] {
               td::Standardizer{samples(arma::fmat{{0, -INFINITY}})};
             }) == "Standardizer: feature 0 of sample 1 is -inf; expected a finite number");
}

BOOST_AUTO_TEST_CASE(other_features_are_refused) {
  const td::Standardizer standardizer{samples(arma::mat{{0, 2}, {1, 2}})};
  const char* sentence = "Standardizer: x is 3x10; expected 2 features (one column is one sample)";
  BOOST_TEST(complaint<td::ShapeError>([&] { standardizer.apply(arma::mat(3, 10)); }) == sentence);
  BOOST_TEST(complaint<td::ShapeError>([&] { standardizer.inverse(arma::fmat(3, 10)); }) == sentence);
  BOOST_TEST(complaint<td::ShapeError>([&] { standardizer.apply(samples(arma::mat(3, 10))); }) == sentence);
}

BOOST_AUTO_TEST_CASE(differences_beyond_double_are_refused) {
  BOOST_TEST(
      complaint<td::NonFiniteError>([] {
        td::Standardizer{samples(arma::mat{{0, 1}, {1e308, -1e308}})};
      }) ==
      "Standardizer: feature 1 spans more than a double can hold; expected differences that are finite");
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
