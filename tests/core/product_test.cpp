#include "tapedeck/core/product.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <tuple>

#include "core/multiply_add.hpp"
#include "support/complaint.hpp"
#include "tapedeck/core/error.hpp"
#include "tapedeck/core/random.hpp"

namespace td = tapedeck;

BOOST_AUTO_TEST_SUITE(core)
BOOST_AUTO_TEST_SUITE(product)

namespace {

template <class T>
td::Matrix<T> gaussian(td::Index rows, td::Index cols, std::uint64_t seed) {
  const td::Random random(seed);
  td::Matrix<T> m(rows, cols);
  for (td::Index c = 0; c < cols; ++c) {
    for (td::Index r = 0; r < rows; ++r) m(r, c) = static_cast<T>(random.normal(r, c));
  }
  return m;
}

// The definition, summed in double.
template <class T>
double element(td::Factor<T> a, td::Factor<T> b, td::Index i, td::Index j) {
  double sum = 0;
  for (td::Index k = 0; k < a.cols(); ++k) {
    sum += static_cast<double>(a.transposed ? a.matrix(k, i) : a.matrix(i, k)) *
           static_cast<double>(b.transposed ? b.matrix(j, k) : b.matrix(k, j));
  }
  return sum;
}

// Rounding of a sum of k products of Gaussians, each below 8 in size, in any order: k eps k 64 is never
// exceeded.
template <class T>
double bound(td::Index k) {
  return 64 * static_cast<double>((k + 1) * (k + 1)) * static_cast<double>(std::numeric_limits<T>::epsilon());
}

template <class T>
void compare(td::Index m, td::Index n, td::Index k, bool ta, bool tb, bool accumulate) {
  const auto a = ta ? gaussian<T>(k, m, 1) : gaussian<T>(m, k, 1);
  const auto b = tb ? gaussian<T>(n, k, 2) : gaussian<T>(k, n, 2);
  td::Matrix<T> c = gaussian<T>(m, n, 3);
  const td::Matrix<T> before = c;
  if (!accumulate) c.fill(std::numeric_limits<T>::quiet_NaN());  // must not be read
  td::multiply(c, td::Factor<T>{a, ta}, td::Factor<T>{b, tb}, accumulate);
  double worst = 0;
  for (td::Index j = 0; j < n; ++j) {
    for (td::Index i = 0; i < m; ++i) {
      const double wanted =
          element<T>({a, ta}, {b, tb}, i, j) + (accumulate ? static_cast<double>(before(i, j)) : 0);
      worst = std::fmax(worst, std::fabs(static_cast<double>(c(i, j)) - wanted));
      if (std::isnan(c(i, j))) worst = HUGE_VAL;
    }
  }
  BOOST_TEST(worst <= bound<T>(k), m << "x" << k << (ta ? "'" : "") << " times " << k << "x" << n
                                     << (tb ? "'" : "") << ": off by " << worst);
}

}  // namespace

using Scalars = std::tuple<float, double>;

using Sizes = std::initializer_list<td::Index>;

BOOST_AUTO_TEST_CASE_TEMPLATE(every_route_gives_the_sum_of_products, T, Scalars) {
  for (const td::Index m : Sizes{0, 1, 2, 7, 25, 130}) {
    for (const td::Index n : Sizes{0, 1, 3, 4, 17}) {
      for (const td::Index k : Sizes{0, 1, 2, 25, 33}) {
        for (const int flags : {0, 1, 2, 3, 4, 5, 6, 7}) compare<T>(m, n, k, flags & 1, flags & 2, flags & 4);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(products_beyond_the_small_kernels_are_right_too, T, Scalars) {
  for (const int flags : {0, 1, 2, 3, 4, 5, 6, 7}) {
    compare<T>(150, 145, 141, flags & 1, flags & 2, flags & 4);
    compare<T>(1100, 1, 1001, flags & 1, flags & 2, flags & 4);
    compare<T>(1, 1100, 1001, flags & 1, flags & 2, flags & 4);
    compare<T>(1100, 1001, 1, flags & 1, flags & 2, flags & 4);
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_bias_is_added_to_every_column, T, Scalars) {
  for (const td::Index m : Sizes{0, 1, 2, 25, 150}) {
    for (const td::Index n : Sizes{0, 1, 5, 145}) {
      for (const td::Index k : Sizes{0, 1, 25, 141, 1001}) {
        const auto a = gaussian<T>(m, k, 1), b = gaussian<T>(k, n, 2), bias = gaussian<T>(m, 1, 3);
        td::Matrix<T> c(m, n);
        c.fill(std::numeric_limits<T>::quiet_NaN());
        td::multiply_add(c, td::Factor<T>{a}, td::Factor<T>{b}, bias);
        double worst = 0;
        for (td::Index j = 0; j < n; ++j) {
          for (td::Index i = 0; i < m; ++i) {
            const double wanted = element<T>({a}, {b}, i, j) + static_cast<double>(bias(i, 0));
            const double off = std::fabs(static_cast<double>(c(i, j)) - wanted);
            worst = std::isnan(off) ? HUGE_VAL : std::fmax(worst, off);
          }
        }
        BOOST_TEST(worst <= bound<T>(k), m << "x" << k << " times " << k << "x" << n << ": off by " << worst);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_bias_that_does_not_fit_is_refused) {
  arma::mat c(2, 3);
  const arma::mat a(2, 4, arma::fill::ones), b(4, 3, arma::fill::ones);
  const auto add = [&](const arma::mat& bias) {
    td::multiply_add(c, td::Factor<double>{a}, td::Factor<double>{b}, bias);
  };
  BOOST_TEST(test::complaint<td::ShapeError>([&] { add(arma::mat(1, 2)); }) ==
             "product: a bias of 1x2 for 2x3; expected 2x1");
  BOOST_TEST(test::complaint<td::ShapeError>([&] { add(arma::mat(2, 2)); }) ==
             "product: a bias of 2x2 for 2x3; expected 2x1");
  const td::Matrix<double> inside = td::view(c.memptr() + 1, {2, 1});
  BOOST_TEST(
      test::complaint<td::UsageError>([&] { add(inside); }) ==
      "product: a result in the memory of a factor; expected memory of its own (it is written while the "
      "factors are read)");
}

BOOST_AUTO_TEST_CASE(a_product_of_no_terms_is_zero) {
  constexpr td::Index many = td::Index{1} << 21U;  // no small product, but for its k
  for (const td::Index rows : {td::Index{3}, many}) {
    const td::Matrix<float> a(rows, 0);
    const td::Matrix<float> b(0, 1);
    td::Matrix<float> c(rows, 1, arma::fill::ones);
    td::multiply(c, td::Factor<float>{a}, td::Factor<float>{b}, true);
    BOOST_TEST(arma::all(c.col(0) == 1));
    td::multiply(c, td::Factor<float>{a}, td::Factor<float>{b});
    BOOST_TEST(arma::all(c.col(0) == 0));
  }
}

BOOST_AUTO_TEST_CASE(shapes_that_do_not_fit_are_refused) {
  arma::mat c(2, 2);
  const arma::mat a(2, 3);
  BOOST_TEST(test::complaint<td::ShapeError>([&] {
               td::multiply(c, td::Factor<double>{a}, td::Factor<double>{a});
             }) == "product: 2x2 = 2x3 times 2x3; expected mxn = mxk times kxn");
  td::multiply(c, td::Factor<double>{a}, td::Factor<double>{a, true});
}

BOOST_AUTO_TEST_CASE(a_result_in_the_memory_of_a_factor_is_refused) {
  arma::mat memory(4, 4, arma::fill::ones);
  const arma::mat before = memory;
  const arma::mat apart(2, 2, arma::fill::ones);
  td::Matrix<double> first = td::view(memory.memptr(), {2, 2});
  td::Matrix<double> shifted = td::view(memory.memptr() + 3, {2, 2});  // its first element is first's last
  td::Matrix<double> next = td::view(memory.memptr() + 4, {2, 2});
  const std::string expected =
      "product: a result in the memory of a factor; expected memory of its own (it is written while the "
      "factors are read)";
  for (const td::Matrix<double>* factor : {&first, &shifted}) {
    BOOST_TEST(test::complaint<td::UsageError>([&] {
                 td::multiply(first, td::Factor<double>{*factor}, td::Factor<double>{apart});
               }) == expected);
    BOOST_TEST(test::complaint<td::UsageError>([&] {
                 td::multiply(first, td::Factor<double>{apart}, td::Factor<double>{*factor});
               }) == expected);
  }
  BOOST_TEST(arma::approx_equal(memory, before, "absdiff", 0));
  td::multiply(first, td::Factor<double>{apart}, td::Factor<double>{next});  // beside is good enough
}

BOOST_AUTO_TEST_CASE(sizes_beyond_those_of_blas_are_refused) {
  float number = 0;  // these views are never looked into
  const td::Index many = td::Index{1} << 31U;
  td::Matrix<float> c = td::view(&number, {many, 2});
  const td::Matrix<float> a = td::view(&number, {many, 1});
  const td::Matrix<float> b = td::view(&number, {1, 2});
  BOOST_TEST(
      test::complaint<td::ShapeError>([&] { td::multiply(c, td::Factor<float>{a}, td::Factor<float>{b}); }) ==
      "product: 2147483648x2 = 2147483648x1 times 1x2; expected fewer than 2^31 rows and columns, "
      "which is what BLAS counts to");
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
