#include "kernels/dropout.hpp"

#include <boost/test/unit_test.hpp>

#include "kernels/numbers.hpp"
#include "kernels/targets.hpp"

namespace td = tapedeck;
namespace kernels = td::kernels;
using test::equal;
using test::Scalars;
using test::unset;

BOOST_AUTO_TEST_SUITE(kernels_)
BOOST_AUTO_TEST_SUITE(dropout)

namespace {

template <class T>
void run(td::Matrix<T>& y, td::Matrix<T>& mask, const td::Matrix<T>& x, T keep, std::uint32_t dropped,
         const td::Random& random, td::Index first_column) {
  kernels::run(kernels::Dropout<T>{td::shape_of(x), x.memptr(), keep, dropped, random.key(), first_column,
                                   y.memptr(), mask.memptr()});
}

}  // namespace

// Bit for bit what Random says, with keys and columns whose upper words count.
BOOST_AUTO_TEST_CASE_TEMPLATE(the_mask_is_made_of_randoms_bits, T, Scalars) {
  for (const std::uint64_t seed : {std::uint64_t{3}, std::uint64_t{0x9e3779b97f4a7c15U}}) {
    const td::Random random(seed);
    for (const td::Index first_column :
         {td::Index{0}, td::Index{0xfffffffffffffffeU}, td::Index{0xffffffffU}}) {
      const std::uint32_t word = random.bits(0, first_column)[1];  // just dropped, and just kept
      for (const std::uint32_t dropped : {0U, word, word - 1, 0x80000000U, 0xf0000000U, 0xffffffffU}) {
        for (td::Index rows = 0; rows <= 150; rows += rows < 70 ? 1 : 17) {
          const td::Index cols = 3;
          const td::Matrix<T> x = test::gaussian<T>({rows, cols}, 1);
          td::Matrix<T> mask(rows, cols), y(rows, cols);
          for (td::Index c = 0; c < cols; ++c) {
            for (td::Index r = 0; r < rows; ++r) {
              mask(r, c) = random.bits(r / 4, first_column + c)[r % 4] <= dropped ? T{0} : T{1.25};
              y(r, c) = mask(r, c) == 0 ? 0 : mask(r, c) * x(r, c);
            }
          }
          test::on_every_target([&](const char* target) {
            td::Matrix<T> got_y = unset<T>(rows, cols), got_mask = unset<T>(rows, cols);
            run(got_y, got_mask, x, T{1.25}, dropped, random, first_column);
            BOOST_TEST(equal(got_mask, mask),
                       rows << " rows from column " << first_column << " on " << target);
            BOOST_TEST(equal(got_y, y), rows << " rows from column " << first_column << " on " << target);
          });
        }
      }
    }
  }
}

// 0 times Inf is NaN, hence no product; and what is kept is not hidden.
BOOST_AUTO_TEST_CASE_TEMPLATE(what_is_dropped_is_zero, T, Scalars) {
  td::Matrix<T> x(33, 2);
  for (const T bad : {std::numeric_limits<T>::infinity(), std::numeric_limits<T>::quiet_NaN()}) {
    x.fill(bad);
    test::on_every_target([&](const char* target) {
      td::Matrix<T> y = unset<T>(33, 2), mask = y;
      run(y, mask, x, T{2}, 0x80000000U, td::Random(1), 0);
      for (td::Index i = 0; i < y.n_elem; ++i)
        BOOST_TEST((mask[i] == 0 ? y[i] == 0 : !std::isfinite(y[i])), target);
    });
  }
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
