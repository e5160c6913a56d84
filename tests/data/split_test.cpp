#include "tapedeck/data/split.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "data/support.hpp"
#include "tapedeck/core/error.hpp"

namespace td = tapedeck;

BOOST_AUTO_TEST_SUITE(data)
BOOST_AUTO_TEST_SUITE(split)

namespace {

/// Whether the parts have each of the samples 0, ..., n-1 once, and each of them is in the order of the data.
bool is_partition(const std::vector<td::Dataset>& parts, td::Index n) {
  std::vector<double> all;
  for (const td::Dataset& part : parts) {
    const std::vector<double> row = first_row(part);
    if (!std::is_sorted(row.begin(), row.end())) return false;
    all.insert(all.end(), row.begin(), row.end());
  }
  std::sort(all.begin(), all.end());
  return all == first_row(numbered(n));
}

/// How many samples have this label.
td::Index count(const td::Dataset& data, td::Index label) {
  return static_cast<td::Index>(std::count(data.labels().begin(), data.labels().end(), label));
}

}  // namespace

BOOST_AUTO_TEST_CASE(parts_are_disjoint_and_complete) {
  for (const td::Index n : {5U, 10U, 101U}) {
    for (const double test : {0.2, 0.5}) {
      for (const double validation : {0.0, 0.2}) {
        for (const std::uint64_t seed : {1U, 2U}) {
          const td::Split parts =
              td::split(numbered(n), {.test = test, .validation = validation, .seed = seed});
          BOOST_TEST(is_partition({parts.train, parts.validation, parts.test}, n));
          BOOST_TEST(parts.test.size() == static_cast<td::Index>(std::round(test * static_cast<double>(n))));
          BOOST_TEST(parts.validation.size() ==
                     static_cast<td::Index>(std::round(validation * static_cast<double>(n))));
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(by_default_a_fifth_is_for_the_test) {
  const td::Split parts = td::split(numbered(50));
  BOOST_TEST(parts.train.size() == 40U);
  BOOST_TEST(parts.validation.size() == 0U);
  BOOST_TEST(parts.validation.features() == 2U);
  BOOST_TEST(parts.test.size() == 10U);
}

BOOST_AUTO_TEST_CASE(targets_stay_with_their_samples) {
  const td::Split parts = td::split(numbered(50), {.validation = 0.3});
  for (const td::Dataset* part : {&parts.train, &parts.validation, &parts.test}) {
    for (td::Index c = 0; c < part->size(); ++c) {
      BOOST_TEST(part->y<double>()(c) == 10 * part->x<double>()(0, c));
    }
  }
}

BOOST_AUTO_TEST_CASE(positions_are_those_of_the_copies) {
  arma::mat x(1, 40);
  td::IndexMatrix labels(1, 40);
  for (td::Index i = 0; i < 40; ++i) {
    x(0, i) = static_cast<double>(i);
    labels(0, i) = i % 3;
  }
  const td::Dataset data(x, labels);
  for (const bool stratified : {false, true}) {
    const td::SplitOptions options{.test = 0.2, .validation = 0.3, .seed = 5, .stratified = stratified};
    const td::Split split = td::split(data, options);
    const td::SplitPositions positions = td::split_positions(data, options);
    const auto same = [](const td::Dataset& part, const std::vector<td::Index>& chosen) {
      BOOST_TEST(part.size() == chosen.size());
      BOOST_TEST(std::is_sorted(chosen.begin(), chosen.end()));
      for (td::Index i = 0; i < chosen.size(); ++i)
        BOOST_TEST(part.x<double>()(0, i) == static_cast<double>(chosen[i]));
    };
    same(split.train, positions.train);
    same(split.validation, positions.validation);
    same(split.test, positions.test);
  }
}

BOOST_AUTO_TEST_CASE(the_seed_chooses_the_samples) {
  const td::Dataset data = numbered(100);
  const auto test_part = [&](std::uint64_t seed) { return first_row(td::split(data, {.seed = seed}).test); };
  BOOST_TEST(test_part(1) == test_part(1));
  BOOST_TEST(test_part(1) != test_part(2));
}

BOOST_AUTO_TEST_CASE(every_sample_is_as_likely_in_each_part) {
  constexpr td::Index trials = 2000;
  const td::Dataset data = numbered(10);
  std::vector<double> in_test(10), in_validation(10);
  for (td::Index seed = 0; seed < trials; ++seed) {
    const td::Split parts = td::split(data, {.test = 0.3, .validation = 0.2, .seed = seed});
    for (const double number : first_row(parts.test)) ++in_test[static_cast<std::size_t>(number)];
    for (const double number : first_row(parts.validation)) ++in_validation[static_cast<std::size_t>(number)];
  }
  const auto agrees = [](double hits, double p) {
    return std::abs(hits - trials * p) < 5 * std::sqrt(trials * p * (1 - p));
  };
  for (std::size_t i = 0; i < 10; ++i) {
    BOOST_TEST(agrees(in_test[i], 0.3));
    BOOST_TEST(agrees(in_validation[i], 0.2));
  }
}

BOOST_AUTO_TEST_CASE(stratified_parts_have_the_classes_in_proportion) {
  td::IndexMatrix labels(1, 200, arma::fill::zeros);
  for (td::Index c = 0; c < 200; c += 10) labels(c) = 1;  // 20 of class 1, 180 of class 0
  const td::Dataset data{numbered(200).x(), labels};
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const td::Split parts =
        td::split(data, {.test = 0.25, .validation = 0.15, .seed = seed, .stratified = true});
    BOOST_TEST(is_partition({parts.train, parts.validation, parts.test}, 200));
    BOOST_TEST(count(parts.test, 0) == 45U);
    BOOST_TEST(count(parts.test, 1) == 5U);
    BOOST_TEST(count(parts.validation, 0) == 27U);
    BOOST_TEST(count(parts.validation, 1) == 3U);
    BOOST_TEST(count(parts.train, 1) == 12U);
  }
  const auto test_part = [&](std::uint64_t seed) {
    return first_row(td::split(data, {.seed = seed, .stratified = true}).test);
  };
  BOOST_TEST(test_part(1) == test_part(1));
  BOOST_TEST(test_part(1) != test_part(2));
}

BOOST_AUTO_TEST_CASE(impossible_splits_are_refused) {
  const auto sentence = [](td::SplitOptions options) {
    return complaint<td::OptionError>([&] { td::split(numbered(10), options); });
  };
  BOOST_TEST(sentence({.test = 1}) == "split: test is 1; expected a fraction in [0, 1)");
  BOOST_TEST(sentence({.test = -0.1}) == "split: test is -0.1; expected a fraction in [0, 1)");
  BOOST_TEST(sentence({.validation = std::numeric_limits<double>::quiet_NaN()}) ==
             "split: validation is nan; expected a fraction in [0, 1)");
  BOOST_TEST(sentence({.test = 0.01}) == "split: test is 0.01 of 10 samples; expected at least 1 sample");
  BOOST_TEST(
      sentence({.test = 0.5, .validation = 0.5}) ==
      "split: test and validation take 10 of 10 samples; expected at least 1 sample left for training");
  BOOST_TEST(complaint<td::OptionError>([] { td::split(numbered(0), {.test = 0}); }) ==
             "split: test and validation take 0 of 0 samples; expected at least 1 sample left for training");
  BOOST_TEST(complaint<td::ScalarError>([] { td::split(numbered(10), {.stratified = true}); }) ==
             "Dataset: y holds double, asked for as index");
}

BOOST_AUTO_TEST_CASE(a_fraction_of_0_is_an_empty_part) {
  const td::Split parts = td::split(numbered(5), {.test = 0});
  BOOST_TEST(parts.test.size() == 0U);
  BOOST_TEST(parts.train.size() == 5U);
}

BOOST_AUTO_TEST_CASE(folds_test_every_sample_once) {
  for (const td::Index n : {5U, 10U, 23U}) {
    for (const td::Index k : {2U, 3U, 5U}) {
      const std::vector<td::Split> splits = td::folds(numbered(n), k, 1);
      BOOST_TEST(splits.size() == k);
      std::vector<td::Dataset> tests;
      for (const td::Split& parts : splits) {
        BOOST_TEST(is_partition({parts.train, parts.test}, n));
        BOOST_TEST(parts.validation.size() == 0U);
        BOOST_TEST(parts.test.size() >= n / k);
        BOOST_TEST(parts.test.size() <= (n + k - 1) / k);
        tests.push_back(parts.test);
      }
      BOOST_TEST(is_partition(tests, n));
    }
  }
}

BOOST_AUTO_TEST_CASE(the_seed_chooses_the_folds) {
  const auto first_fold = [](std::uint64_t seed) {
    return first_row(td::folds(numbered(40), 4, seed)[0].test);
  };
  BOOST_TEST(first_fold(1) == first_fold(1));
  BOOST_TEST(first_fold(1) != first_fold(2));
}

BOOST_AUTO_TEST_CASE(impossible_folds_are_refused) {
  for (const td::Index k : {0U, 1U, 11U}) {
    BOOST_TEST(complaint<td::OptionError>([k] { td::folds(numbered(10), k, 1); }) ==
               "folds: k is " + std::to_string(k) + "; expected from 2 to 10, the number of samples");
  }
}

BOOST_AUTO_TEST_CASE(no_samples_cannot_be_split) {
  BOOST_TEST(complaint<td::OptionError>([] { td::split(numbered(0)); }) ==
             "split: test is 0.2 of 0 samples; expected at least 1 sample");
  BOOST_TEST(complaint<td::OptionError>([] { td::split(numbered(0), {.test = 0}); }) ==
             "split: test and validation take 0 of 0 samples; expected at least 1 sample left for training");
  BOOST_TEST(complaint<td::OptionError>([] { td::folds(numbered(0), 2, 1); }) ==
             "folds: k is 2; expected from 2 to 0, the number of samples");
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
