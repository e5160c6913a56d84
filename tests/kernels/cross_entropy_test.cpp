#include "kernels/cross_entropy.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

#include "kernels/numbers.hpp"
#include "kernels/targets.hpp"

namespace td = tapedeck;
namespace kernels = td::kernels;
using test::close;
using test::eps;
using test::equal;
using test::gaussian;
using test::log_sum_exp;
using test::Real;
using test::Scalars;
using test::unset;

BOOST_AUTO_TEST_SUITE(kernels_)
BOOST_AUTO_TEST_SUITE(cross_entropy)

namespace {

td::IndexMatrix labels(td::Index classes, td::Index batch) {
  td::IndexMatrix t(1, batch);
  for (td::Index c = 0; c < batch; ++c) t[c] = (7 * c + 3) % classes;
  return t;
}

// Some are 0, and columns do not add up to 1.
template <class T>
td::Matrix<T> targets(td::Index classes, td::Index batch) {
  td::Matrix<T> t = arma::abs(gaussian<T>({classes, batch}, 9));
  for (td::Index i = 0; i < t.n_elem; i += 3) t[i] = 0;
  return t;
}

template <class T>
double soft_cross_entropy(td::Matrix<T>& p, td::Matrix<T>& lse, const td::Matrix<T>& z,
                          const td::Matrix<T>& t) {
  return kernels::soft_cross_entropy(p.memptr(), lse.memptr(), z.memptr(), td::shape_of(z), t.memptr());
}

}  // namespace

// z - max is rounded to T before it is exponentiated, which is worth eps / 2 of the distance, exp and the
// quotient 2 eps; all else is double.
BOOST_AUTO_TEST_CASE_TEMPLATE(as_exact_as_the_exponentials, T, Scalars) {
  for (td::Index n = 1; n <= 67; ++n) {
    for (const td::Index batch : std::initializer_list<td::Index>{1, 2, 7, 16, 37}) {
      const td::Matrix<T> z = gaussian<T>({n, batch}, n, n % 3 == 0 ? 30 : 2);
      const td::IndexMatrix l = labels(n, batch);
      const td::Matrix<T> t = targets<T>(n, batch);
      Real hard = 0, soft = 0, size = 0;
      for (td::Index c = 0; c < batch; ++c) {
        const Real lse = log_sum_exp<T>(z.col(c));
        hard += lse - z(l[c], c);
        size += 1 + std::abs(lse) + std::abs(z(l[c], c));
        for (td::Index i = 0; i < n; ++i) {
          soft += t(i, c) * (lse - z(i, c));
          size += t(i, c) * (1 + std::abs(lse) + std::abs(z(i, c)));
        }
      }
      const Real bound = 4 * eps<T> * size;
      test::on_every_target([&](const char* target) {
        td::Matrix<T> p = unset<T>(n, batch), q = p, lse = unset<T>(1, batch);
        int wrong =
            !close(kernels::cross_entropy(p.memptr(), z.memptr(), td::shape_of(z), l.memptr()), hard, bound);
        wrong += !close(soft_cross_entropy(q, lse, z, t), soft, bound);
        wrong += !equal(p, q);
        for (td::Index c = 0; c < batch; ++c) {
          const Real wanted = log_sum_exp<T>(z.col(c));
          wrong += !close(lse[c], wanted, 4 * eps<T> * (1 + std::abs(wanted)));
          for (td::Index i = 0; i < n; ++i) {
            const Real e = std::exp(z(i, c) - wanted);
            const Real steps = (3 + std::abs(z(i, c) - wanted)) * eps<T> * e;
            wrong += !close(p(i, c), e, steps + std::numeric_limits<T>::denorm_min());
          }
        }
        BOOST_TEST(wrong == 0, n << "x" << batch << " on " << target << ": " << wrong);
      });
    }
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(cotangents, T, Scalars) {
  const T a = T{0.3125};
  for (td::Index n = 1; n <= 67; ++n) {
    const td::Matrix<T> z = gaussian<T>({n, 3}, n, 2), t = targets<T>(n, 3), start = gaussian<T>({n, 3}, 5);
    test::on_every_target([&](const char* target) {
      td::Matrix<T> p = unset<T>(n, 3), lse = unset<T>(1, 3), dz = p, dt = p;
      const auto vjp = [&](td::Destination<T> to_z, td::Destination<T> to_t) {
        kernels::run(kernels::SoftCrossEntropyVjp<T>{
            {n, 3}, a, z.memptr(), t.memptr(), p.memptr(), lse.memptr(), to_z, to_t});
      };
      soft_cross_entropy(p, lse, z, t);
      vjp({dz.memptr(), false}, {dt.memptr(), false});
      int wrong = 0;
      for (td::Index c = 0; c < 3; ++c) {
        Real total = 0;
        for (td::Index i = 0; i < n; ++i) total += t(i, c);
        for (td::Index i = 0; i < n; ++i) {
          const Real both = p(i, c) * total + t(i, c);
          wrong += !close(dz(i, c), a * (p(i, c) * total - t(i, c)), 3 * eps<T> * a * both);
          const Real terms = std::abs(lse[c]) + std::abs(z(i, c));
          wrong += !close(dt(i, c), a * (static_cast<Real>(lse[c]) - z(i, c)), 3 * eps<T> * a * terms);
        }
      }
      td::Matrix<T> more_z = start, more_t = start;
      vjp({more_z.memptr(), true}, {nullptr, true});
      vjp({nullptr, false}, {more_t.memptr(), true});
      wrong += !equal<T>(more_z, start + dz) + !equal<T>(more_t, start + dt);
      BOOST_TEST(wrong == 0, n << " classes on " << target << ": " << wrong);
    });
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(extreme_logits, T, Scalars) {
  const T inf = std::numeric_limits<T>::infinity();
  const T nan = std::numeric_limits<T>::quiet_NaN();
  test::on_every_target([&](const char* target) {
    for (const td::Index n : std::initializer_list<td::Index>{2, 3, 40}) {
      td::Matrix<T> z(n, 2, arma::fill::zeros), p(n, 2), lse(1, 2), t(n, 2, arma::fill::zeros);
      td::IndexMatrix first(1, 2, arma::fill::zeros);
      t.row(0).fill(1);
      const auto losses = [&](T at_first, T at_last) {
        z(0, 0) = at_first;
        z(n - 1, 0) = at_last;
        const double hard = kernels::cross_entropy(p.memptr(), z.memptr(), td::shape_of(z), first.memptr());
        const double soft = soft_cross_entropy(p, lse, z, t);
        BOOST_TEST((std::isnan(hard) ? std::isnan(soft)
                                     : hard == soft || std::abs(hard - soft) < 1e-12 * std::abs(hard)));
        return hard;
      };
      const double other = std::log(static_cast<double>(n));  // what the second column costs
      BOOST_TEST(std::abs(losses(T{1e4}, T{-1e4}) - other) < 1e-6, n << " on " << target);
      BOOST_TEST(std::abs(losses(T{-1e4}, T{1e4}) - other - 2e4) < 1e-3, n << " on " << target);
      BOOST_TEST(std::isfinite(losses(0, -inf)), n << " on " << target);
      BOOST_TEST(losses(-inf, 0) == HUGE_VAL, n << " on " << target);
      for (const T bad : {nan, inf}) {
        BOOST_TEST(std::isnan(losses(0, bad)), n << " on " << target);
        BOOST_TEST(std::isnan(losses(bad, 0)), n << " on " << target);
        BOOST_TEST(p.col(0).eval().has_nan(), n << " on " << target);
        BOOST_TEST(!p.col(1).eval().has_nan(), n << " on " << target);
        t.zeros();  // nothing is expected, but NaN is not hidden
        BOOST_TEST(std::isnan(soft_cross_entropy(p, lse, z, t)), n << " on " << target);
        t.row(0).fill(1);
      }
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
