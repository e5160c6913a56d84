#include "tapedeck/data/dataset.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <utility>
#include <variant>
#include <vector>

#include "data/support.hpp"
#include "tapedeck/core/error.hpp"

namespace td = tapedeck;

BOOST_AUTO_TEST_SUITE(data)
BOOST_AUTO_TEST_SUITE(dataset)

namespace {

const td::Matrix<double> five_samples{{1, 2, 3, 4, 5}, {6, 7, 8, 9, 10.5}};
const td::IndexMatrix five_labels{{0, 1, 2, 1, 0}};

template <class T>
bool same(const td::Matrix<T>& a, const td::Matrix<T>& b) {
  return td::shape_of(a) == td::shape_of(b) && std::equal(a.begin(), a.end(), b.begin());
}

template <class D>
concept gives_all = requires(D&& data) {
  std::forward<D>(data).all();
};

}  // namespace

BOOST_AUTO_TEST_CASE(it_keeps_samples_and_labels) {
  const td::Dataset data{five_samples, five_labels};
  BOOST_TEST(data.size() == 5U);
  BOOST_TEST(data.features() == 2U);
  BOOST_TEST(data.outputs() == 1U);
  BOOST_TEST(same(data.x<double>(), five_samples));
  BOOST_TEST(same(data.labels(), five_labels));
  BOOST_TEST(&data.labels() == &data.y<td::Index>());
  BOOST_TEST(std::get_if<td::Matrix<double>>(&data.x()) == &data.x<double>());
  BOOST_TEST(std::get_if<td::IndexMatrix>(&data.y()) == &data.labels());
}

BOOST_AUTO_TEST_CASE(row_vectors_are_matrices_too) {
  const arma::Row<td::Index> labels{0, 1, 0, 1, 0};
  const td::Dataset data{five_samples, labels};
  BOOST_TEST(data.labels()(3) == 1U);
  const td::Dataset single{arma::fmat(3, 2, arma::fill::ones), arma::frowvec(2, arma::fill::zeros)};
  BOOST_TEST(single.x<float>()(2, 1) == 1.0F);
  BOOST_TEST(single.y<float>()(0, 1) == 0.0F);
}

BOOST_AUTO_TEST_CASE(matrices_are_moved_in_without_a_copy) {
  td::Matrix<double> x(30, 20);
  const double* memory = x.memptr();
  const td::Dataset data{std::move(x), td::IndexMatrix(1, 20)};
  BOOST_TEST(data.x<double>().memptr() == memory);
}

BOOST_AUTO_TEST_CASE(matrices_are_moved_out_without_a_copy) {
  td::Dataset data(arma::mat(3, 100, arma::fill::ones), arma::mat(1, 100, arma::fill::zeros));
  const double* x = data.x<double>().memptr();
  const double* y = data.y<double>().memptr();
  const auto released = std::move(data).release();
  BOOST_TEST(std::get<arma::mat>(released.first).memptr() == x);
  BOOST_TEST(std::get<arma::mat>(released.second).memptr() == y);
}

BOOST_AUTO_TEST_CASE(a_view_that_is_moved_in_is_copied) {
  std::vector<double> memory(40, 1.0);
  td::Matrix<double> loose(memory.data(), 2, 20, false, false);
  const td::Dataset data{td::view(memory.data(), {2, 20}), std::move(loose)};
  memory.assign(40, 7.0);
  BOOST_TEST(data.x<double>()(1, 19) == 1.0);
  BOOST_TEST(data.y<double>()(1, 19) == 1.0);
}

BOOST_AUTO_TEST_CASE(samples_and_targets_must_be_as_many) {
  BOOST_TEST(complaint<td::ShapeError>([] { td::Dataset(five_samples, td::Matrix<float>(3, 4)); }) ==
             "Dataset: x is 2x5, y is 3x4; expected as many columns in both (one column is one sample)");
  BOOST_TEST(complaint<td::ShapeError>([] { td::Dataset(five_samples, td::IndexMatrix(5, 1)); }) ==
             "Dataset: x is 2x5, y is 5x1; expected as many columns in both (one column is one sample)");
}

BOOST_AUTO_TEST_CASE(labels_are_one_row) {
  BOOST_TEST(complaint<td::ShapeError>([] { td::Dataset(five_samples, td::IndexMatrix(2, 5)); }) ==
             "Dataset: y holds class labels and is 2x5; expected 1x5 (targets that are numbers are float or "
             "double)");
}

BOOST_AUTO_TEST_CASE(samples_are_numbers) {
  BOOST_TEST(complaint<td::ScalarError>([] { td::Dataset(td::IndexMatrix(2, 5), five_labels); }) ==
             "Dataset: x holds index; expected float or double");
}

BOOST_AUTO_TEST_CASE(asking_for_another_element_says_which_one_it_is) {
  const td::Dataset data{five_samples, five_labels};
  BOOST_TEST(complaint<td::ScalarError>([&] { data.x<float>(); }) ==
             "Dataset: x holds double, asked for as float");
  BOOST_TEST(complaint<td::ScalarError>([&] { data.y<double>(); }) ==
             "Dataset: y holds index, asked for as double");
  const td::Dataset numbers{td::Matrix<float>(2, 5), five_samples};
  BOOST_TEST(complaint<td::ScalarError>([&] { numbers.x<double>(); }) ==
             "Dataset: x holds float, asked for as double");
  BOOST_TEST(complaint<td::ScalarError>([&] { numbers.labels(); }) ==
             "Dataset: y holds double, asked for as index");
}

BOOST_AUTO_TEST_CASE(all_of_it_is_one_batch_on_its_own_memory) {
  const td::Dataset data{five_samples, five_labels};
  const td::Batch all = data.all();
  BOOST_TEST(all.size() == 5U);
  BOOST_CHECK(all.x.shape() == (td::Shape{2, 5}));
  BOOST_CHECK(all.y.shape() == (td::Shape{1, 5}));
  BOOST_TEST(all.x.data == data.x<double>().memptr());
  BOOST_TEST(all.y.data == data.labels().memptr());
  BOOST_CHECK(all.x.element == td::Element::real64);
  BOOST_CHECK(all.y.element == td::Element::index);
  BOOST_TEST(all.x.order == nullptr);
  static_assert(gives_all<td::Dataset&> && gives_all<const td::Dataset&>);
  static_assert(!gives_all<td::Dataset> && !gives_all<const td::Dataset>);
}

BOOST_AUTO_TEST_CASE(conversion_changes_numbers_and_leaves_labels) {
  const td::Dataset data{five_samples, five_labels};
  const td::Dataset single = data.converted(td::f32);
  BOOST_TEST(single.x<float>()(1, 4) == 10.5F);
  BOOST_TEST(same(single.labels(), five_labels));
  BOOST_TEST(same(single.converted(td::f64).x<double>(), five_samples));
  BOOST_TEST(same(single.converted(td::f32).x<float>(), single.x<float>()));

  const td::Dataset numbers = td::Dataset{five_samples, five_samples}.converted(td::f32);
  BOOST_TEST(numbers.y<float>()(0, 2) == 3.0F);
  BOOST_TEST(same(data.x<double>(), five_samples));
}

BOOST_AUTO_TEST_CASE(a_subset_follows_the_positions) {
  const td::Dataset data{five_samples, five_labels};
  const std::vector<td::Index> positions{4, 0, 4};
  const td::Dataset some = data.subset(positions);
  BOOST_TEST(same(some.x<double>(), td::Matrix<double>{{5, 1, 5}, {10.5, 6, 10.5}}));
  BOOST_TEST(same(some.labels(), td::IndexMatrix{{0, 0, 0}}));
  BOOST_TEST(numbered(9).subset(positions).y<double>()(0) == 40.0);

  const td::Dataset none = data.subset({});
  BOOST_TEST(none.size() == 0U);
  BOOST_TEST(none.features() == 2U);
}

BOOST_AUTO_TEST_CASE(a_position_beyond_the_data_is_refused) {
  const td::Dataset data{five_samples, five_labels};
  const std::vector<td::Index> positions{4, 5};
  BOOST_TEST(complaint<td::OptionError>([&] { data.subset(positions); }) ==
             "Dataset: position 5 of a subset; expected less than 5, the number of samples");
}

BOOST_AUTO_TEST_CASE(no_samples_are_a_dataset) {
  const td::Dataset data{td::Matrix<float>(3, 0), td::IndexMatrix(1, 0)};
  BOOST_TEST(data.size() == 0U);
  BOOST_TEST(data.features() == 3U);
  BOOST_TEST(data.converted(td::f64).features() == 3U);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
