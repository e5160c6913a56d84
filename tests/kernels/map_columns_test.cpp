#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

#include "core/kernel_map.hpp"
#include "kernels/numbers.hpp"
#include "kernels/targets.hpp"

namespace td = tapedeck;
namespace kernels = td::kernels;
using test::close;
using test::eps;
using test::gaussian;
using test::log_sum_exp;
using test::Real;
using test::Scalars;
using test::unset;

BOOST_AUTO_TEST_SUITE(kernels_)
BOOST_AUTO_TEST_SUITE(map_columns)

// The rounding of z - max is worth |z - max| eps / 2 in the exponent, that of exp, of the sum and of the
// quotient 2 eps; below the smallest normal number the steps are those of denormal numbers.
BOOST_AUTO_TEST_CASE_TEMPLATE(softmax_is_the_quotient_of_exponentials, T, Scalars) {
  for (td::Index n = 1; n <= 67; ++n) {
    const td::Matrix<T> z = gaussian<T>({n, 3}, n, n % 3 == 0 ? 30 : 2);
    test::on_every_target([&](const char* target) {
      td::Matrix<T> p(n, 3), l(n, 3);
      kernels::map(kernels::softmax, z).into(p);
      kernels::map(kernels::log_softmax, z).into(l);
      int wrong = 0;
      for (td::Index c = 0; c < 3; ++c) {
        const Real shift = log_sum_exp<T>(z.col(c));
        for (td::Index i = 0; i < n; ++i) {
          const Real y = z(i, c) - shift;
          const Real e = std::exp(y);
          wrong += !close(p(i, c), e, (3 + std::abs(y)) * eps<T> * e + std::numeric_limits<T>::denorm_min());
          wrong += !close(l(i, c), y, eps<T> * (3 + std::abs(y)));
        }
      }
      BOOST_TEST(wrong == 0, n << " classes on " << target << ": " << wrong);
    });
  }
}

// Relative to the column's largest product; the sum is exact to double.
BOOST_AUTO_TEST_CASE_TEMPLATE(vjps_are_written_or_added, T, Scalars) {
  for (td::Index n = 1; n <= 67; ++n) {
    const td::Matrix<T> dy = gaussian<T>({n, 3}, n, 1);
    const td::Matrix<T> start = gaussian<T>({n, 3}, 200 + n, 1);
    td::Matrix<T> p(n, 3), l(n, 3);
    kernels::map(kernels::softmax, gaussian<T>({n, 3}, 100 + n, 2)).into(p);
    kernels::map(kernels::log_softmax, gaussian<T>({n, 3}, 100 + n, 2)).into(l);
    test::on_every_target([&](const char* target) {
      td::Matrix<T> dp = unset<T>(n, 3), dl = dp;
      kernels::map(kernels::softmax_vjp, dy, p).into(dp);
      kernels::map(kernels::log_softmax_vjp, dy, l).into(dl);
      td::Matrix<T> sum_p = start, sum_l = start;
      kernels::map(kernels::softmax_vjp, dy, p).onto(sum_p);
      kernels::map(kernels::log_softmax_vjp, dy, l).onto(sum_l);
      int wrong = 0;
      for (td::Index c = 0; c < 3; ++c) {
        Real inner = 0, total = 0, size = 0;
        for (td::Index i = 0; i < n; ++i) {
          inner += static_cast<Real>(dy(i, c)) * p(i, c);
          total += dy(i, c);
          size = std::max(size, static_cast<Real>(std::abs(dy(i, c))));
        }
        for (td::Index i = 0; i < n; ++i) {
          const Real bound = 3 * eps<T> * (size + std::abs(total));
          wrong += !close(dp(i, c), p(i, c) * (dy(i, c) - inner), bound);
          wrong += !close(dl(i, c), dy(i, c) - std::exp(static_cast<Real>(l(i, c))) * total, bound);
          wrong += sum_p(i, c) != start(i, c) + dp(i, c);
          wrong += sum_l(i, c) != start(i, c) + dl(i, c);
        }
      }
      BOOST_TEST(wrong == 0, n << " classes on " << target << ": " << wrong);
    });
  }
}

// One in a batch, and the same column among others: the same bits.
BOOST_AUTO_TEST_CASE_TEMPLATE(bits_do_not_depend_on_the_column, T, Scalars) {
  for (const td::Index n : std::initializer_list<td::Index>{2, 5, 16, 33}) {
    const td::Matrix<T> z = gaussian<T>({n, 7}, 1, 3);
    const td::Matrix<T> dy = gaussian<T>({n, 7}, 2, 1);
    for (const auto f :
         {kernels::softmax, kernels::softmax_vjp, kernels::log_softmax, kernels::log_softmax_vjp}) {
      const auto run = [&](td::Matrix<T> x, td::Matrix<T> w) {
        td::Matrix<T> y(x.n_rows, x.n_cols);
        kernels::map(f, x, w).into(y);
        return y;
      };
      test::on_every_target([&](const char* target) {
        const td::Matrix<T> together = run(z, dy);
        for (td::Index c = 0; c < 7; ++c) {
          BOOST_TEST(arma::all(arma::vectorise(run(z.col(c), dy.col(c)) == together.col(c))), target);
        }
      });
    }
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(extreme_logits, T, Scalars) {
  const T inf = std::numeric_limits<T>::infinity();
  const T nan = std::numeric_limits<T>::quiet_NaN();
  const T large = std::numeric_limits<T>::max();
  test::on_every_target([&](const char* target) {
    const auto p = [](td::Matrix<T> z) {
      td::Matrix<T> y(z.n_rows, z.n_cols);
      kernels::map(kernels::softmax, z).into(y);
      return y;
    };
    const td::Matrix<T> masked = p(td::Matrix<T>{-inf, 1, 1}.t());
    BOOST_TEST(masked[0] == 0, target);
    BOOST_TEST(masked[2] == T{0.5}, target);
    const td::Matrix<T> far = p(td::Matrix<T>{large / 4, -large / 4, large / 4}.t());
    BOOST_TEST(far[0] == T{0.5}, target);
    BOOST_TEST(far[1] == 0, target);
    for (td::Matrix<T> z : {td::Matrix<T>{nan, 1, 2}, td::Matrix<T>{1, 2, nan}, td::Matrix<T>{inf, 1, 2},
                            td::Matrix<T>{-inf, -inf, -inf}}) {
      BOOST_TEST(p(z.t()).eval().has_nan(), target);
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
