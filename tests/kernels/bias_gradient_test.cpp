#include "kernels/bias_gradient.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <vector>

#include "kernels/guarded.hpp"
#include "kernels/numbers.hpp"
#include "kernels/targets.hpp"
#include "tapedeck/core/random.hpp"

namespace td = tapedeck;
namespace kernels = td::kernels;
using test::eps;
using test::Real;
using test::Scalars;

BOOST_AUTO_TEST_SUITE(kernels_)
BOOST_AUTO_TEST_SUITE(bias_gradient)

namespace {

constexpr td::Index most_rows = 70, most_cols = 1500;

}  // namespace

// Within (35 + cols / 128) eps of the sum of the sizes; of fewer columns, within one eps each.
BOOST_AUTO_TEST_CASE_TEMPLATE(every_element_counts_once, T, Scalars) {
  const test::Guarded x_memory(most_rows * most_cols * sizeof(T));
  const test::Guarded sum_memory(most_rows * sizeof(T));
  const td::Random random(1);
  for (const td::Index rows : std::initializer_list<td::Index>{0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 25, 33, 70}) {
    for (const td::Index cols : std::initializer_list<td::Index>{0, 1, 2, 3, 4, 5, 50, 127, 128, 129, 1500}) {
      for (const bool at_end : {false, true}) {
        T* x = x_memory.elements<T>(rows * cols, at_end);
        T* sum = sum_memory.elements<T>(rows, at_end);
        for (td::Index e = 0; e < rows * cols; ++e) x[e] = static_cast<T>(1 + random.normal(e));
        test::on_every_target([&](const char* target) {
          for (const bool add : {false, true}) {
            for (td::Index i = 0; i < rows; ++i) {  // not read unless it is added to
              sum[i] = add ? static_cast<T>(random.normal(i, 1)) : std::numeric_limits<T>::quiet_NaN();
            }
            const std::vector<T> before(sum, sum + rows);
            kernels::bias_gradient({sum, add}, x, {rows, cols});
            for (td::Index i = 0; i < rows; ++i) {
              Real wanted = add ? before[i] : 0;
              Real size = std::abs(wanted);
              for (td::Index j = 0; j < cols; ++j) {
                wanted += x[i + j * rows];
                size += std::abs(static_cast<Real>(x[i + j * rows]));
              }
              const auto count = static_cast<Real>(cols);
              const Real bound = std::min(count, 35 + count / 128) * size * eps<T>;
              const Real off = std::abs(static_cast<Real>(sum[i]) - wanted);
              BOOST_TEST(off <= bound, "row " << i << " of " << rows << "x" << cols << " on " << target);
            }
          }
        });
      }
    }
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(not_a_number_stays_in_its_row, T, Scalars) {
  const td::Index rows = 25;
  test::on_every_target([&](const char* target) {
    for (const T bad : {std::numeric_limits<T>::quiet_NaN(), std::numeric_limits<T>::infinity()}) {
      for (const td::Index cols : std::initializer_list<td::Index>{1, 6, 140}) {
        for (const td::Index at : {td::Index{0}, td::Index{15}, rows - 1}) {
          std::vector<T> x(rows * cols, 1), sum(rows);
          x[at + (cols - 1) * rows] = bad;
          kernels::bias_gradient({sum.data(), false}, x.data(), {rows, cols});
          for (td::Index i = 0; i < rows; ++i) {
            BOOST_TEST((std::isfinite(sum[i]) ? sum[i] == static_cast<T>(cols) : i == at), target);
            BOOST_TEST(std::isfinite(sum[i]) == (i != at), target);
          }
        }
      }
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
