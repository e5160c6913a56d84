#include "tapedeck/data/batches.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <iterator>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "data/support.hpp"
#include "tapedeck/core/error.hpp"
#include "tapedeck/core/random.hpp"

namespace td = tapedeck;

BOOST_AUTO_TEST_SUITE(data)
BOOST_AUTO_TEST_SUITE(batches)

namespace {

/// Column c of a selection, as a tape would read it.
template <class T>
const T* column(const td::Columns& columns, td::Index c) {
  return static_cast<const T*>(columns.data) +
         columns.rows * (columns.order == nullptr ? c : columns.order[c]);
}

/// The numbers of the samples, in the order in which the batches of numbered data give them.
std::vector<td::Index> samples_of(const td::Batches& range) {
  std::vector<td::Index> seen;
  for (const td::Batch& batch : range) {
    BOOST_TEST(batch.x.rows == 2U);
    BOOST_TEST(batch.y.rows == 1U);
    BOOST_TEST(batch.y.count == batch.size());
    for (td::Index c = 0; c < batch.size(); ++c) {
      const double number = *column<double>(batch.x, c);
      BOOST_TEST(column<double>(batch.x, c)[1] == -number);
      BOOST_TEST(*column<double>(batch.y, c) == 10 * number);
      seen.push_back(static_cast<td::Index>(number));
    }
  }
  return seen;
}

std::vector<td::Index> sizes_of(const td::Batches& range) {
  std::vector<td::Index> sizes;
  for (const td::Batch& batch : range) sizes.push_back(batch.size());
  return sizes;
}

std::vector<td::Index> first_numbers(td::Index n) {
  std::vector<td::Index> numbers(n);
  std::iota(numbers.begin(), numbers.end(), td::Index{0});
  return numbers;
}

using Sizes = std::vector<td::Index>;

template <class D>
concept batchable = requires(D&& data) {
  td::batches(std::forward<D>(data));
};

}  // namespace

BOOST_AUTO_TEST_CASE(each_sample_comes_once_whatever_the_size) {
  for (const td::Index n : {1U, 2U, 7U, 12U}) {
    const td::Dataset data = numbered(n);
    for (td::Index size = 1; size <= n + 2; ++size) {
      const auto in_order = td::batches(data, {.size = size});
      BOOST_TEST(samples_of(in_order) == first_numbers(n));
      BOOST_TEST(in_order.size() == (n + size - 1) / size);

      auto shuffled = samples_of(td::batches(data, {.size = size, .shuffle = {3, 1}}));
      std::sort(shuffled.begin(), shuffled.end());
      BOOST_TEST(shuffled == first_numbers(n));
    }
  }
}

BOOST_AUTO_TEST_CASE(the_last_batch_is_smaller_or_dropped) {
  const td::Dataset data = numbered(10);
  BOOST_TEST(sizes_of(td::batches(data, {.size = 4})) == (Sizes{4, 4, 2}));
  BOOST_TEST(sizes_of(td::batches(data, {.size = 4, .drop_last = true})) == (Sizes{4, 4}));
  BOOST_TEST(sizes_of(td::batches(data, {.size = 5})) == (Sizes{5, 5}));
  BOOST_TEST(sizes_of(td::batches(data, {.size = 5, .drop_last = true})) == (Sizes{5, 5}));
  BOOST_TEST(sizes_of(td::batches(data, {.size = 10, .drop_last = true})) == (Sizes{10}));
  BOOST_TEST(sizes_of(td::batches(data, {.size = 99})) == (Sizes{10}));
  BOOST_TEST(sizes_of(td::batches(data)) == (Sizes{10}));
}

BOOST_AUTO_TEST_CASE(dropping_leaves_out_the_end_of_the_order) {
  const td::Dataset data = numbered(10);
  auto order = td::Random{5}.stream(2).permutation(10);
  order.resize(8);
  const auto seen = samples_of(td::batches(data, {.size = 4, .shuffle = {5, 2}, .drop_last = true}));
  BOOST_TEST(seen == order);
}

BOOST_AUTO_TEST_CASE(the_default_size_is_32) {
  const td::Dataset data = numbered(70);
  BOOST_TEST(sizes_of(td::batches(data)) == (Sizes{32, 32, 6}));
}

BOOST_AUTO_TEST_CASE(the_order_is_the_permutation_of_seed_and_epoch) {
  const td::Dataset data = numbered(23);
  const std::uint64_t seed = 42;
  std::vector<Sizes> orders;
  for (int epoch = 0; epoch < 3; ++epoch) {
    orders.push_back(samples_of(td::batches(data, {.size = 5, .shuffle = {seed, epoch}})));
    BOOST_TEST(orders.back() == td::Random{seed}.stream(static_cast<std::uint64_t>(epoch)).permutation(23));
  }
  BOOST_TEST(orders[0] != orders[1]);
  BOOST_TEST(orders[1] != orders[2]);
  BOOST_TEST(orders[0] != samples_of(td::batches(data, {.size = 5, .shuffle = {seed + 1, 0}})));
  BOOST_TEST(orders[0] == samples_of(td::batches(data, {.size = 7, .shuffle = {seed, 0}})));
}

BOOST_AUTO_TEST_CASE(batches_in_order_are_the_data_themselves) {
  const td::Dataset data{td::Matrix<float>(3, 10), td::IndexMatrix(1, 10)};
  td::Index first = 0;
  for (const td::Batch& batch : td::batches(data, {.size = 4})) {
    BOOST_TEST(batch.x.order == nullptr);
    BOOST_TEST(batch.y.order == nullptr);
    BOOST_TEST(batch.x.data == data.x<float>().colptr(first));
    BOOST_TEST(batch.y.data == data.labels().colptr(first));
    BOOST_CHECK(batch.x.element == td::Element::real32);
    BOOST_CHECK(batch.y.element == td::Element::index);
    first += batch.size();
  }
  BOOST_TEST(first == 10U);
}

BOOST_AUTO_TEST_CASE(shuffled_batches_point_into_the_data_and_one_order) {
  const td::Dataset data = numbered(10);
  const auto range = td::batches(data, {.size = 4, .shuffle = {1, 0}});
  const td::Index* order = range[0].x.order;
  td::Index first = 0;
  for (const td::Batch& batch : range) {
    BOOST_TEST(batch.x.data == data.x<double>().memptr());
    BOOST_TEST(batch.y.data == data.y<double>().memptr());
    BOOST_TEST(batch.x.order == order + first);
    BOOST_TEST(batch.y.order == order + first);
    first += batch.size();
  }
  BOOST_TEST(first == 10U);
}

BOOST_AUTO_TEST_CASE(a_range_can_be_walked_again_and_looked_into) {
  const td::Dataset data = numbered(10);
  const auto range = td::batches(data, {.size = 4, .shuffle = {1, 0}});
  BOOST_TEST(samples_of(range) == samples_of(range));
  static_assert(std::forward_iterator<td::Batches::Iterator>);
  BOOST_TEST(std::distance(range.begin(), range.end()) == 3);
  auto it = range.begin();
  BOOST_TEST((*it++).size() == 4U);
  BOOST_TEST((*++it).x.order == range[2].x.order);
  BOOST_TEST(range[2].size() == 2U);
  BOOST_TEST(complaint<td::OptionError>([&] { range[3]; }) ==
             "batches: batch number 3; expected less than 3, the number of batches");
}

BOOST_AUTO_TEST_CASE(a_copy_has_an_order_of_its_own) {
  const td::Dataset data = numbered(10);
  auto range = std::make_unique<td::Batches>(td::batches(data, {.size = 4, .shuffle = {1, 0}}));
  const auto seen = samples_of(*range);
  const td::Batches copy = *range;
  BOOST_TEST(copy[0].x.order != (*range)[0].x.order);
  range.reset();
  BOOST_TEST(samples_of(copy) == seen);
}

BOOST_AUTO_TEST_CASE(a_dataset_that_would_be_gone_does_not_compile) {
  BOOST_TEST((batchable<td::Dataset&> && batchable<const td::Dataset&>));
  BOOST_TEST((!batchable<td::Dataset> && !batchable<const td::Dataset>));
}

BOOST_AUTO_TEST_CASE(what_gives_no_batch_is_refused) {
  const td::Dataset data = numbered(10);
  const td::Dataset none = numbered(0);
  BOOST_TEST(complaint<td::OptionError>([&] { td::batches(data, {.size = 0}); }) ==
             "batches: size is 0; expected at least 1");
  BOOST_TEST(complaint<td::ShapeError>([&] { td::batches(none, {.size = 5}); }) ==
             "batches: x is 2x0; expected at least 1 sample");
  BOOST_TEST(complaint<td::OptionError>([&] { td::batches(data, {.size = 11, .drop_last = true}); }) ==
             "batches: size is 11 and drop_last is set; expected a size of at most 10, the number of samples "
             "(no batch would be left)");
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
