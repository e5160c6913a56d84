#include "tapedeck/core/threads.hpp"

#include <boost/test/unit_test.hpp>
#include <thread>
#include <vector>

#include "support/complaint.hpp"
#include "tapedeck/core/error.hpp"
#include "tapedeck/core/product.hpp"
#include "tapedeck/core/random.hpp"

namespace td = tapedeck;

extern "C" int openblas_get_num_threads();

BOOST_AUTO_TEST_SUITE(core)
BOOST_AUTO_TEST_SUITE(threads)

namespace {

/// Runs body(0), ..., body(7), each in a thread of its own.
template <class Body>
void in_threads(Body body) {
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 8; ++i) threads.emplace_back([&body, i] { body(i); });
  for (std::thread& thread : threads) thread.join();
}

/// 40x40 numbers, the same ones for the same tag.
td::Matrix<float> some_matrix(std::uint64_t tag) {
  const td::Random random{tag};
  td::Matrix<float> m(40, 40);
  for (td::Index column = 0; column < m.n_cols; ++column) {
    for (td::Index row = 0; row < m.n_rows; ++row)
      m(row, column) = static_cast<float>(random.normal(row, column));
  }
  return m;
}

td::Matrix<float> some_product(std::uint64_t tag) {
  td::Matrix<float> c(40, 40);
  td::multiply(c, td::Factor<float>{some_matrix(tag)}, td::Factor<float>{some_matrix(tag + 1), tag % 2 == 1});
  return c;
}

}  // namespace

BOOST_AUTO_TEST_CASE(blas_is_prepared_once_whoever_comes_first) {
  in_threads([](std::size_t) { td::prepare_blas(); });
  BOOST_TEST(openblas_get_num_threads() == 1);
}

BOOST_AUTO_TEST_CASE(random_numbers_are_the_same_in_every_thread) {
  const td::Random random = td::Random{1}.stream("shared");
  std::vector<std::vector<td::Index>> orders(8);
  in_threads([&](std::size_t i) { orders[i] = random.permutation(1000); });
  for (const auto& order : orders) BOOST_TEST(order == orders[0], boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(products_are_the_same_bits_alone_and_beside_others) {
  td::prepare_blas();
  std::vector<td::Matrix<float>> products(8);
  in_threads([&](std::size_t i) { products[i] = some_product(i); });
  for (std::size_t i = 0; i < products.size(); ++i) {
    const td::Matrix<float> alone = some_product(i);
    BOOST_TEST(std::vector<float>(alone.begin(), alone.end()) ==
                   std::vector<float>(products[i].begin(), products[i].end()),
               boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(keeping_blas_threads_comes_too_late_after_the_first_store) {
  td::prepare_blas();
  BOOST_TEST(test::complaint<td::UsageError>([] { td::keep_blas_threads(); }) ==
             "keep_blas_threads: a process that has made a ParameterStore, and so set BLAS to one thread; "
             "expected this call before the first store");
  BOOST_TEST(openblas_get_num_threads() == 1);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
