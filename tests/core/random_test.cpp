#include "tapedeck/core/random.hpp"

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "support/complaint.hpp"
#include "support/statistics.hpp"
#include "tapedeck/core/error.hpp"

namespace td = tapedeck;
using test::correlation;
using test::kolmogorov_smirnov;
using test::mean;
using test::moment;
using test::normal_distribution;

BOOST_AUTO_TEST_SUITE(core)
BOOST_AUTO_TEST_SUITE(random)

namespace {

constexpr std::uint64_t draws = 1'000'000;

/// The numbers at rows 0, ..., 999 of columns 0, ..., 999: both coordinates take part.
template <class Draw>
std::vector<double> sample(Draw draw) {
  std::vector<double> x(draws);
  for (std::uint64_t i = 0; i < draws; ++i) x[i] = draw(i % 1000, i / 1000);
  return x;
}

/// Five standard errors of a mean of `draws` numbers whose standard deviation is `deviation`.
double five_sigma(double deviation) { return 5 * deviation / std::sqrt(static_cast<double>(draws)); }

double chi_square(const std::vector<std::uint64_t>& counts, double expected) {
  double sum = 0;
  for (const std::uint64_t count : counts) {
    const double d = static_cast<double>(count) - expected;
    sum += d * d / expected;
  }
  return sum;
}

/// Five sigma of a chi-square variable by the normal approximation of Wilson and Hilferty (1931).
double chi_square_limit(double degrees) {
  const double v = 2 / (9 * degrees);
  return degrees * std::pow(1 - v + 5 * std::sqrt(v), 3);
}

}  // namespace

// The vectors that come with Random123 (tests/kat_vectors, philox4x32 10). Row and column are the two halves
// of the counter, low word first, and so is the key.
BOOST_AUTO_TEST_CASE(bits_are_philox_4x32_10) {
  using Words = std::array<std::uint32_t, 4>;
  const auto check = [](std::uint64_t key, std::uint64_t row, std::uint64_t column, const Words& expected) {
    BOOST_TEST(td::Random{key}.bits(row, column) == expected, boost::test_tools::per_element());
  };
  check(0, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  check(~0ULL, ~0ULL, ~0ULL, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  check(0x299f31d0a4093822, 0x85a308d3243f6a88, 0x0370734413198a2e,
        {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

BOOST_AUTO_TEST_CASE(a_number_depends_on_its_place_only) {
  const td::Random random{42};
  std::vector<double> forwards;
  for (std::uint64_t i = 0; i < 1000; ++i) forwards.push_back(random.normal(i % 10, i / 10));
  for (std::uint64_t i = 1000; i-- > 0;) {
    (void)random.uniform(i);
    BOOST_TEST(td::Random{42}.normal(i % 10, i / 10) == forwards[i]);
  }
}

BOOST_AUTO_TEST_CASE(uniform_statistics) {
  const td::Random random{1};
  const auto x = sample([&](auto row, auto column) { return random.uniform(row, column); });
  BOOST_TEST(*std::min_element(x.begin(), x.end()) >= 0);
  BOOST_TEST(*std::max_element(x.begin(), x.end()) < 1);
  BOOST_TEST(std::abs(mean(x) - 0.5) < five_sigma(std::sqrt(1 / 12.0)));
  BOOST_TEST(std::abs(moment(x, 0.5, 2) - 1 / 12.0) < five_sigma(std::sqrt(1 / 180.0)));
  BOOST_TEST(kolmogorov_smirnov(x, [](double u) { return u; }) > 1e-6);
}

BOOST_AUTO_TEST_CASE(uniform_numbers_are_multiples_of_two_to_minus_53) {
  const td::Random random{1};
  bool odd = false;  // and no coarser
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const double scaled = random.uniform(i) * 0x1p53;
    BOOST_TEST(scaled == std::floor(scaled));
    odd = odd || std::fmod(scaled, 2) == 1;
  }
  BOOST_TEST(odd);
}

BOOST_AUTO_TEST_CASE(normal_statistics) {
  const td::Random random{2};
  const auto x = sample([&](auto row, auto column) { return random.normal(row, column); });
  BOOST_TEST(std::abs(mean(x)) < five_sigma(1));
  BOOST_TEST(std::abs(moment(x, 0, 2) - 1) < five_sigma(std::sqrt(2)));
  BOOST_TEST(std::abs(moment(x, 0, 3)) < five_sigma(std::sqrt(15)));
  BOOST_TEST(std::abs(moment(x, 0, 4) - 3) < five_sigma(std::sqrt(96)));
  BOOST_TEST(std::all_of(x.begin(), x.end(), [](double v) { return std::isfinite(v); }));
  BOOST_TEST(kolmogorov_smirnov(x, normal_distribution) > 1e-6);
}

BOOST_AUTO_TEST_CASE(below_is_uniform_and_in_range) {
  const td::Random random{3};
  for (const std::uint64_t n : {1U, 2U, 3U, 10U, 1000U}) {
    std::vector<std::uint64_t> counts(n);
    for (std::uint64_t i = 0; i < draws; ++i) {
      const std::uint64_t k = random.below(n, i % 1000, i / 1000);
      BOOST_REQUIRE(k < n);
      ++counts[k];
    }
    const auto bins = static_cast<double>(n);
    if (n == 1) continue;
    BOOST_TEST(chi_square(counts, static_cast<double>(draws) / bins) < chi_square_limit(bins - 1),
               "n = " << n);
  }
}

// With n = 3/4 of 2^64, 2^64 bit patterns cannot be dealt out evenly: taken modulo n the first third would
// come twice as often as the rest, scaled down every third number would. A quarter of the draws must be drawn
// again.
BOOST_AUTO_TEST_CASE(below_is_unbiased_where_n_does_not_divide_the_bits) {
  const td::Random random{4};
  const std::uint64_t n = 3ULL << 62U;
  std::vector<std::uint64_t> thirds(3);
  std::vector<std::uint64_t> remainders(3);
  for (std::uint64_t i = 0; i < draws; ++i) {
    const std::uint64_t k = random.below(n, i);
    BOOST_REQUIRE(k < n);
    ++thirds[k >> 62U];
    ++remainders[k % 3];
  }
  BOOST_TEST(chi_square(thirds, static_cast<double>(draws) / 3) < chi_square_limit(2));
  BOOST_TEST(chi_square(remainders, static_cast<double>(draws) / 3) < chi_square_limit(2));
}

BOOST_AUTO_TEST_CASE(a_permutation_holds_every_index_once) {
  const td::Random random{5};
  for (const td::Index n : {0U, 1U, 2U, 17U, 1000U}) {
    auto order = random.permutation(n);
    BOOST_TEST(order.size() == n);
    std::sort(order.begin(), order.end());
    for (td::Index i = 0; i < n; ++i) BOOST_REQUIRE(order[i] == i);
  }
  BOOST_CHECK(random.permutation(1000) == td::Random{5}.permutation(1000));
  BOOST_CHECK(random.permutation(1000) != td::Random{6}.permutation(1000));
}

BOOST_AUTO_TEST_CASE(every_order_of_four_is_equally_likely) {
  const td::Random random{7};
  std::vector<std::uint64_t> counts(256);  // by the order's digits in base four
  const std::uint64_t trials = 240'000;
  for (std::uint64_t i = 0; i < trials; ++i) {
    const auto p = random.stream(i).permutation(4);
    ++counts[p[0] + 4 * p[1] + 16 * p[2] + 64 * p[3]];
  }
  counts.erase(std::remove(counts.begin(), counts.end(), 0U), counts.end());
  BOOST_TEST(counts.size() == 24U);
  BOOST_TEST(chi_square(counts, trials / 24.0) < chi_square_limit(23));
}

BOOST_AUTO_TEST_CASE(streams_rows_and_columns_are_independent) {
  const td::Random random{8};
  const auto draw = [](const td::Random& r, std::uint64_t row_shift, std::uint64_t column_shift) {
    return sample([&](auto row, auto column) { return r.uniform(row + row_shift, column + column_shift); });
  };
  const auto x = draw(random, 0, 0);
  const double limit = five_sigma(1);
  BOOST_TEST(std::abs(correlation(x, draw(random, 1, 0))) < limit);
  BOOST_TEST(std::abs(correlation(x, draw(random, 0, 1))) < limit);
  BOOST_TEST(std::abs(correlation(x, draw(td::Random{9}, 0, 0))) < limit);
  BOOST_TEST(std::abs(correlation(x, draw(random.stream(0), 0, 0))) < limit);
  BOOST_TEST(std::abs(correlation(x, draw(random.stream("fc_1"), 0, 0))) < limit);
  BOOST_TEST(std::abs(correlation(draw(random.stream(1), 0, 0), draw(random.stream(2), 0, 0))) < limit);
}

BOOST_AUTO_TEST_CASE(streams_have_keys_of_their_own) {
  std::set<std::uint64_t> keys;
  std::size_t streams = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const td::Random random{seed};
    for (std::uint64_t tag = 0; tag < 100; ++tag, ++streams) keys.insert(random.stream(tag).key());
    for (int tag = 0; tag < 100; ++tag, ++streams)
      keys.insert(random.stream("fc_" + std::to_string(tag)).key());
  }
  BOOST_TEST(keys.size() == streams);

  const td::Random random{1};
  BOOST_TEST(random.stream(1).stream(2).key() != random.stream(2).stream(1).key());
  BOOST_TEST(random.stream(1).key() == random.stream(1).key());
  BOOST_TEST(random.stream("fc_1").key() == random.stream(td::hash_of("fc_1")).key());
}

// These two decide the values that a seed gives: a change here changes every model that was ever drawn.
BOOST_AUTO_TEST_CASE(hashes_are_the_same_on_every_platform) {
  // FNV-1a of "" and "a" (Fowler, Noll and Vo) is cbf29ce484222325 and af63dc4c8601ec8c; SplitMix64 finishes
  // them.
  BOOST_TEST(td::hash_of("") == 0xc3817c016ba4ff30ULL);
  BOOST_TEST(td::hash_of("a") == 0x5f29c2aadd9b8527ULL);
  BOOST_TEST(td::join_hashes(1, 2) != td::join_hashes(2, 1));
  BOOST_TEST(td::join_hashes(0, 0) != 0U);
}

BOOST_AUTO_TEST_CASE(numbers_below_0_and_endless_permutations_are_refused) {
  const td::Random random{1};
  BOOST_TEST(test::complaint<td::OptionError>([&] { random.below(0, 3, 4); }) ==
             "Random::below: n = 0; expected at least 1");
  for (const td::Index bad : {td::Index(0) - 1, td::Index{1} << 45U}) {
    const std::string said = test::complaint<td::OptionError>([&] { random.permutation(bad); });
    BOOST_TEST(said.starts_with("Random::permutation: n = "), said);
    BOOST_TEST(said.ends_with("; expected at most 2^44 (was a size negative?)"), said);
  }
  BOOST_TEST(random.permutation(0).empty());
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
