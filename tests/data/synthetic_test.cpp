#include "tapedeck/data/synthetic.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdint>
#include <vector>

#include "support/complaint.hpp"
#include "tapedeck/core/error.hpp"

namespace td = tapedeck;

BOOST_AUTO_TEST_SUITE(data)
BOOST_AUTO_TEST_SUITE(synthetic)

namespace {

using Generator = td::Dataset (*)(td::Index, std::uint64_t);
constexpr Generator generators[] = {td::disk, td::ring};
constexpr double radius = 0.39894228040143268;  // 1 / sqrt(2 pi)
constexpr td::Index many = 200'000;

/// Whether the mean over `many` samples of a variable of this mean and deviation lies within 5 sigma.
bool agrees(double sum, double mean, double deviation) {
  return std::abs(sum / many - mean) < 5 * deviation / std::sqrt(static_cast<double>(many));
}

bool equal(const td::Dataset& a, const td::Dataset& b) {
  return arma::approx_equal(a.x<double>(), b.x<double>(), "absdiff", 0) &&
         arma::accu(a.labels() != b.labels()) == 0;
}

std::vector<td::Index> positions(td::Index n) {
  std::vector<td::Index> first(n);
  for (td::Index i = 0; i < n; ++i) first[i] = i;
  return first;
}

}  // namespace

BOOST_AUTO_TEST_CASE(points_are_uniform_on_the_unit_square) {
  for (const Generator generate : generators) {
    const td::Dataset data = generate(many, 7);
    const td::Matrix<double>& x = data.x<double>();
    BOOST_TEST(data.features() == 2U);
    BOOST_TEST(data.size() == many);
    BOOST_TEST(x.min() >= 0.0);
    BOOST_TEST(x.max() < 1.0);
    const arma::vec sums = arma::sum(x, 1);
    const arma::vec squares = arma::sum(x % x, 1);
    for (const td::Index feature : {0U, 1U}) {
      BOOST_TEST(agrees(sums(feature), 1.0 / 2, std::sqrt(1.0 / 12)));
      BOOST_TEST(agrees(squares(feature), 1.0 / 3, std::sqrt(4.0 / 45)));
    }
    BOOST_TEST(agrees(arma::dot(x.row(0), x.row(1)), 1.0 / 4, std::sqrt(7.0 / 144)));
  }
}

BOOST_AUTO_TEST_CASE(disk_labels_follow_the_formula) {
  const td::Dataset data = td::disk(many, 1);
  const td::Matrix<double>& x = data.x<double>();
  td::Index wrong = 0;
  for (td::Index c = 0; c < many; ++c) {
    const bool inside = std::hypot(x(0, c) - 0.5, x(1, c) - 0.5) < radius;
    wrong += data.labels()(0, c) == (inside ? 1U : 0U) ? 0 : 1;
  }
  BOOST_TEST(wrong == 0U);
}

BOOST_AUTO_TEST_CASE(ring_labels_follow_the_formula) {
  const td::Dataset data = td::ring(many, 1);
  const td::Matrix<double>& x = data.x<double>();
  td::Index wrong = 0;
  for (td::Index c = 0; c < many; ++c) {
    const double norm = std::hypot(x(0, c), x(1, c));
    const bool in_ring = radius < norm && norm < 1;
    wrong += data.labels()(0, c) == (in_ring ? 0U : 1U) ? 0 : 1;
  }
  BOOST_TEST(wrong == 0U);
}

BOOST_AUTO_TEST_CASE(classes_have_the_areas_of_their_figures) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const auto ones = [](const td::Dataset& data) { return static_cast<double>(arma::accu(data.labels())); };
    BOOST_TEST(agrees(ones(td::disk(many, seed)), 0.5, 0.5));
    BOOST_TEST(agrees(ones(td::ring(many, seed)), 0.339602, std::sqrt(0.339602 * 0.660398)));
  }
}

BOOST_AUTO_TEST_CASE(a_seed_says_everything) {
  for (const Generator generate : generators) {
    BOOST_TEST(equal(generate(1000, 5), generate(1000, 5)));
    BOOST_TEST(!equal(generate(1000, 5), generate(1000, 6)));
  }
  BOOST_TEST(td::disk(1, 5).x<double>()(0) != td::ring(1, 5).x<double>()(0));
}

BOOST_AUTO_TEST_CASE(fewer_samples_are_the_first_of_more) {
  for (const Generator generate : generators) {
    BOOST_TEST(equal(generate(17, 5), generate(1000, 5).subset(positions(17))));
    BOOST_TEST(generate(0, 5).size() == 0U);
    BOOST_TEST(generate(0, 5).features() == 2U);
  }
}

BOOST_AUTO_TEST_CASE(more_samples_than_can_be_are_refused) {
  const td::Index minus_one = td::Index(0) - 1;
  BOOST_TEST(
      test::complaint<td::ShapeError>([&] { td::disk(minus_one, 1); }) ==
      "disk: 2x18446744073709551615; expected fewer than 2^32 rows and columns, and at most 2^44 elements "
      "(was a size negative?)");
  BOOST_TEST(test::complaint<td::ShapeError>([&] { td::ring(minus_one, 1); }).starts_with("ring: 2x184467"));
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
