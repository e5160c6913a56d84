#include "kernels/flat.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/numbers.hpp"
#include "kernels/targets.hpp"

namespace td = tapedeck;
namespace kernels = td::kernels;
using test::eps;
using test::gaussian;
using test::Real;
using test::Scalars;
using test::times;

BOOST_AUTO_TEST_SUITE(kernels_)
BOOST_AUTO_TEST_SUITE(flat)

// NaN and Inf at each place, and just outside.
BOOST_AUTO_TEST_CASE_TEMPLATE(what_is_not_finite_is_found_where_it_counts, T, Scalars) {
  using Limits = std::numeric_limits<T>;
  test::on_every_target([&](const char* target) {
    for (td::Index n = 0; n <= 67; ++n) {
      std::vector<T> x(n + 4, Limits::quiet_NaN());
      T* const begin = x.data() + n % 3;
      const T good[] = {Limits::max(), Limits::lowest(), Limits::denorm_min(), T(-0.0)};
      for (td::Index i = 0; i < n; ++i) begin[i] = good[i % 4];
      BOOST_TEST(kernels::all_finite(begin, n), n << " on " << target);
      for (td::Index i = 0; i < n; ++i) {
        for (const T bad :
             {Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN(), -Limits::quiet_NaN()}) {
          begin[i] = bad;
          BOOST_TEST(!kernels::all_finite(begin, n), bad << " at " << i << " of " << n << " on " << target);
        }
        begin[i] = good[i % 4];
      }
    }
  });
}

BOOST_AUTO_TEST_CASE_TEMPLATE(every_square_counts_once, T, Scalars) {
  test::on_every_target([&](const char* target) {
    for (td::Index n = 0; n <= 131; ++n) {
      std::vector<T> x = gaussian<T>(n, 7);
      Real wanted = 0;
      for (const T v : x) wanted += static_cast<Real>(v) * static_cast<Real>(v);
      const double got = kernels::sum_of_squares(x.data(), n);
      BOOST_TEST(std::abs(got - wanted) <= static_cast<Real>(n) * eps<double> * wanted,
                 n << " on " << target);
      for (const td::Index offset : {1U, 2U, 3U}) {
        std::vector<T> moved(offset, T(1e30));
        moved.insert(moved.end(), x.begin(), x.end());
        moved.push_back(T(1e30));
        BOOST_TEST(kernels::sum_of_squares(moved.data() + offset, n) == got, n << " on " << target);
      }
    }
  });
}

BOOST_AUTO_TEST_CASE(squares_of_floats_are_doubles) {
  const std::vector<float> x{3e38F, 0, 1e-30F, 4e-38F};
  test::on_every_target([&](const char* target) {
    const double large = static_cast<double>(x[0]) * static_cast<double>(x[0]);
    BOOST_TEST(kernels::sum_of_squares(x.data(), 3) == large, target);
    const double small = static_cast<double>(x[2]) * static_cast<double>(x[2]);
    BOOST_TEST(kernels::sum_of_squares(x.data() + 1, 2) == small, target);
  });
}

BOOST_AUTO_TEST_CASE_TEMPLATE(clamped_to_the_nearest, T, Scalars) {
  const T inf = std::numeric_limits<T>::infinity();
  test::on_every_target([&](const char* target) {
    for (td::Index n = 0; n <= 67; ++n) {
      std::vector<T> x = gaussian<T>(n + 4, 3);
      const td::Index begin = n % 3;
      if (n > 2) x[begin] = inf, x[begin + 1] = -inf, x[begin + 2] = T(0.5);
      std::vector<T> wanted = x;
      for (td::Index i = begin; i < begin + n; ++i) wanted[i] = std::clamp(wanted[i], T(-0.5), T(0.5));
      kernels::clamp(x.data() + begin, n, T(0.5));
      BOOST_TEST((x == wanted), n << " on " << target);
    }
    T nan = std::numeric_limits<T>::quiet_NaN();
    kernels::clamp(&nan, 1, T(0.5));
    BOOST_TEST(std::isnan(nan), target);
  });
}

BOOST_AUTO_TEST_CASE_TEMPLATE(blended_as_the_plain_loop_to_the_bit, T, Scalars) {
  test::on_every_target([&](const char* target) {
    for (td::Index n = 0; n <= 67; ++n) {
      std::vector<T> x = gaussian<T>(n + 4, 3);
      const std::vector<T> y = gaussian<T>(n + 4, 4);
      const td::Index begin = n % 3;
      std::vector<T> wanted = x;
      for (td::Index i = 0; i < n; ++i) {
        T& value = wanted[begin + i];
        value = static_cast<T>(times(1 - 0.01, double(value)) + times(0.01, double(y[i + 1])));
      }
      kernels::blend(x.data() + begin, y.data() + 1, n, 0.01);
      BOOST_TEST((x == wanted), n << " on " << target);
    }
  });
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_average_that_decays_ends_at_zero, T, Scalars) {
  using Limits = std::numeric_limits<T>;
  test::on_every_target([&](const char* target) {
    std::vector<T> x{1, Limits::min(), 5 * Limits::denorm_min(), -Limits::denorm_min(), Limits::quiet_NaN()};
    const std::vector<T> start = x;
    const std::vector<T> zero(x.size(), 0);
    kernels::blend(x.data(), zero.data(), x.size(), 0.25);
    BOOST_TEST((x[0] == T(0.75) && x[1] == 0 && x[2] == 0 && x[3] == 0 && std::isnan(x[4])), target);
    x = {1, Limits::min(), 8 * Limits::denorm_min(), -Limits::min() / 2, 0};
    std::vector<T> kept = x;
    kernels::blend(kept.data(), x.data(), x.size(), 0.25);  // what still gets contributions
    BOOST_TEST((kept == x), target);
    kernels::blend(kept.data(), zero.data(), x.size(), 0);
    BOOST_TEST((kept == x), target);
  });
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
