#include "kernels/sums.hpp"

#include <boost/test/unit_test.hpp>

#include "kernels/numbers.hpp"
#include "kernels/targets.hpp"

namespace td = tapedeck;
namespace kernels = td::kernels;
using test::close;
using test::eps;
using test::equal;
using test::gaussian;
using test::half_ulp;
using test::Real;
using test::Scalars;
using test::unset;

BOOST_AUTO_TEST_SUITE(kernels_)
BOOST_AUTO_TEST_SUITE(sums)

namespace {

constexpr double factor = 0.3125;

template <class T>
int wrong_sum(T got, const td::Matrix<T>& terms) {
  Real sum = 0, size = 0;
  for (const T v : terms) sum += v, size += std::abs(v);
  const Real sums = eps<double> * static_cast<Real>(terms.n_elem + 1) * factor * size;
  return !close(got, factor * sum, half_ulp<T>(factor * sum) + sums);
}

}  // namespace

// Sums of double: each addition is within eps of the sum of magnitudes, and one rounding to T.
BOOST_AUTO_TEST_CASE_TEMPLATE(of_rows_and_of_columns, T, Scalars) {
  for (td::Index rows = 0; rows <= 140; rows += rows < 70 ? 1 : 13) {
    for (const td::Index cols : std::initializer_list<td::Index>{0, 1, 2, 16, 17, 50}) {
      const td::Shape s{rows, cols};
      const td::Matrix<T> x = gaussian<T>(s, 1, 3, 1);
      test::on_every_target([&](const char* target) {
        td::Matrix<T> row_sums = unset<T>(rows, 1), column_sums = unset<T>(1, cols);
        kernels::sum_rows({row_sums.memptr(), false}, x.memptr(), s, factor);
        kernels::sum_columns({column_sums.memptr(), false}, x.memptr(), s, factor);
        int wrong = 0;
        const td::Matrix<T> nothing;  // an empty matrix has no rows or columns that Armadillo could refer to
        for (td::Index r = 0; r < rows; ++r) {
          wrong += wrong_sum<T>(row_sums[r], cols == 0 ? nothing : td::Matrix<T>(x.row(r)));
        }
        for (td::Index c = 0; c < cols; ++c) {
          wrong += wrong_sum<T>(column_sums[c], rows == 0 ? nothing : td::Matrix<T>(x.col(c)));
        }

        td::Matrix<T> more_rows = gaussian<T>({rows, 1}, 2), more_columns = gaussian<T>({1, cols}, 3);
        const td::Matrix<T> wanted_rows = more_rows + row_sums, wanted_columns = more_columns + column_sums;
        kernels::sum_rows({more_rows.memptr(), true}, x.memptr(), s, factor);
        kernels::sum_columns({more_columns.memptr(), true}, x.memptr(), s, factor);
        wrong += !equal(more_rows, wanted_rows) + !equal(more_columns, wanted_columns);
        BOOST_TEST(wrong == 0, td::to_string(s) << " on " << target << ": " << wrong);
      });
    }
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(spread_to_rows_and_to_columns, T, Scalars) {
  for (td::Index rows = 0; rows <= 40; ++rows) {
    for (const td::Index cols : std::initializer_list<td::Index>{0, 1, 3}) {
      const td::Shape s{rows, cols};
      const td::Matrix<T> column = gaussian<T>({rows, 1}, 1), row = gaussian<T>({1, cols}, 2);
      const td::Matrix<T> start = gaussian<T>(s, 3);
      test::on_every_target([&](const char* target) {
        td::Matrix<T> along_rows = unset<T>(rows, cols), along_columns = unset<T>(rows, cols);
        kernels::spread_rows({along_rows.memptr(), false}, s, column.memptr(), factor);
        kernels::spread_columns({along_columns.memptr(), false}, s, row.memptr(), factor);
        const T a = static_cast<T>(factor);
        BOOST_TEST(equal<T>(along_rows, a * arma::repmat(column, 1, cols)), target);
        BOOST_TEST(equal<T>(along_columns, a * arma::repmat(row, rows, 1)), target);
        td::Matrix<T> more_rows = start, more_columns = start;
        kernels::spread_rows({more_rows.memptr(), true}, s, column.memptr(), factor);
        kernels::spread_columns({more_columns.memptr(), true}, s, row.memptr(), factor);
        BOOST_TEST(equal<T>(more_rows, start + along_rows), target);
        BOOST_TEST(equal<T>(more_columns, start + along_columns), target);
      });
    }
  }
  for (const bool add : {false, true}) {  // nowhere
    const T x[2] = {1, 2};
    const td::Destination<T> nowhere{nullptr, add};
    kernels::sum_rows(nowhere, x, {2, 1});
    kernels::sum_columns(nowhere, x, {2, 1});
    kernels::spread_rows(nowhere, {2, 1}, x);
    kernels::spread_columns(nowhere, {2, 1}, x);
  }
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
