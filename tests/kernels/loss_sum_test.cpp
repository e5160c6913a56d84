#include "kernels/loss_sum.hpp"

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

BOOST_AUTO_TEST_SUITE(kernels_)
BOOST_AUTO_TEST_SUITE(loss_sum)

namespace {

constexpr double delta = 0.75;

Real loss(kernels::LossFunction f, Real x, Real t) {
  const Real u = std::abs(x - t);
  switch (f) {
    case kernels::squared:
      return u * u;
    case kernels::absolute:
      return u;
    case kernels::huber:
      return u > delta ? delta * (u - delta / 2) : u * u / 2;
    case kernels::logistic:
      return (x < 0 ? 0 : x) - (t == 0 ? 0 : x * t) + std::log1p(std::exp(-std::abs(x)));
  }
  return 0;
}

const auto all = {kernels::squared, kernels::absolute, kernels::huber, kernels::logistic};

}  // namespace

// Each term is within 6 eps of double of the largest of its parts, which is below 200, and so is each partial
// sum.
BOOST_AUTO_TEST_CASE_TEMPLATE(every_element_counts_once, T, Scalars) {
  for (td::Index n = 0; n <= 67; ++n) {
    for (td::Index offset = 0; offset < 3; ++offset) {
      const std::vector<T> x = gaussian<T>(n + offset, 1, 2);
      std::vector<T> t = gaussian<T>(n + offset, 2, 2);
      if (n > 0) t[offset] = 0;
      for (const auto f : all) {
        Real wanted = 0;
        for (td::Index i = offset; i < n + offset; ++i) wanted += loss(f, x[i], t[i]);
        test::on_every_target([&](const char* target) {
          const double got = kernels::loss_sum(f, x.data() + offset, t.data() + offset, n, delta);
          const Real bound = eps<double> * 6 * 200 * static_cast<Real>(n);
          BOOST_TEST(std::abs(got - wanted) <= bound, n << " elements, loss " << f << " on " << target);
        });
      }
    }
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(not_a_number_and_infinities, T, Scalars) {
  const T inf = std::numeric_limits<T>::infinity();
  const T nan = std::numeric_limits<T>::quiet_NaN();
  test::on_every_target([&](const char* target) {
    for (const td::Index n : std::initializer_list<td::Index>{1, 5, 33}) {
      for (const td::Index at : {td::Index{0}, n - 1}) {
        std::vector<T> x(n, 1), t(n, 0);
        for (const auto f : all) {
          const auto with = [&](T a, T b) {
            x[at] = a;
            t[at] = b;
            return kernels::loss_sum(f, x.data(), t.data(), n, delta);
          };
          BOOST_TEST(std::isnan(with(nan, 0)), target);
          BOOST_TEST(std::isnan(with(1, nan)), target);
          BOOST_TEST(std::isnan(with(inf, inf)), target);
          BOOST_TEST(with(inf, 0) == HUGE_VAL, target);
          if (f != kernels::logistic) BOOST_TEST(with(0, inf) == HUGE_VAL, target);
        }
        x[at] = -inf;  // a sure and right answer
        t[at] = 0;
        const double rest = static_cast<double>(n - 1) * std::log1p(std::exp(1.0));
        BOOST_TEST(std::abs(kernels::loss_sum(kernels::logistic, x.data(), t.data(), n) - rest) <= 1e-13,
                   target);
      }
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
