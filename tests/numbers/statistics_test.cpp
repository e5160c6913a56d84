// Whether random numbers are distributed as they are said to be. A million draws each; a mean of n numbers of
// deviation s is held to 5 s / sqrt(n), and the Kolmogorov-Smirnov test to a p of 1e-6. Seeds are fixed.

#include "support/statistics.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <regex>
#include <set>

#include "kernels/numbers.hpp"
#include "support/folders.hpp"
#include "tapedeck/ops/dropout.hpp"
#include "tapedeck/param/initializer.hpp"
#include "tapedeck/tape/tape.hpp"

namespace td = tapedeck;
using test::Scalars;

BOOST_AUTO_TEST_SUITE(numbers_)
BOOST_AUTO_TEST_SUITE(statistics)

namespace {

constexpr td::Index draws = 1'000'000;
constexpr double five_sigma = 5e-3;  // of a mean of that many, for a deviation of 1

double uniform_distribution(double x) { return (x + 1) / 2; }  // of U(-1, 1)

// x is U(-1, 1): its variance is 1/3, that of x^2 is 1/5 - 1/9.
void is_uniform(const std::vector<double>& x) {
  BOOST_TEST(*std::min_element(x.begin(), x.end()) >= -1);
  BOOST_TEST(*std::max_element(x.begin(), x.end()) <= 1);
  const double sigma = 5 / std::sqrt(static_cast<double>(x.size()));
  BOOST_TEST(std::abs(test::mean(x)) < sigma * std::sqrt(1 / 3.0));
  BOOST_TEST(std::abs(test::moment(x, 0, 2) - 1 / 3.0) < sigma * std::sqrt(4 / 45.0));
  BOOST_TEST(test::kolmogorov_smirnov(x, uniform_distribution) > 1e-6);
}

// x is N(0, 1): the variance of x^2 is 2.
void is_normal(const std::vector<double>& x) {
  BOOST_TEST(std::abs(test::mean(x)) < five_sigma);
  BOOST_TEST(std::abs(test::moment(x, 0, 2) - 1) < five_sigma * std::sqrt(2));
  BOOST_TEST(test::kolmogorov_smirnov(x, test::normal_distribution) > 1e-6);
}

}  // namespace

// --- Random numbers: along rows alone, and along columns alone

BOOST_AUTO_TEST_CASE(random_numbers_in_a_line) {
  const td::Random random(11);
  const auto check = [&](const auto& draw, const auto& is_distributed) {
    std::vector<double> x(draws);
    for (td::Index i = 0; i < draws; ++i) x[i] = draw(i);
    is_distributed(x);
    for (const td::Index lag : {1U, 2U, 4U, 64U, 1024U}) {
      const std::vector<double> early(x.begin(), x.end() - static_cast<std::ptrdiff_t>(lag));
      const std::vector<double> late(x.begin() + static_cast<std::ptrdiff_t>(lag), x.end());
      BOOST_TEST(std::abs(test::correlation(early, late)) < 5 / std::sqrt(static_cast<double>(early.size())),
                 "lag " << lag);
    }
  };
  check([&](td::Index i) { return 2 * random.uniform(i) - 1; }, is_uniform);
  check([&](td::Index i) { return 2 * random.uniform(3, i) - 1; }, is_uniform);
  check([&](td::Index i) { return random.normal(i); }, is_normal);
  check([&](td::Index i) { return random.normal(3, i); }, is_normal);
}

// --- Initial values

namespace {

constexpr td::Shape wide{500, 2000};  // out x in
constexpr double in = 2000;
constexpr double out = 500;

// An initialiser, and the bound of its uniform numbers or the deviation of its normal ones.
struct Rule {
  std::string name;
  td::Initializer initializer;
  double scale;
  void (*is_distributed)(const std::vector<double>&);
};

std::vector<Rule> rules() {
  return {
      {"uniform", td::uniform(0.3), 0.3, is_uniform},
      {"normal", td::normal(2), 2, is_normal},
      {"fan_in_uniform", td::fan_in_uniform(), 1 / std::sqrt(in), is_uniform},
      {"xavier_uniform", td::xavier_uniform(td::gain::tanh), 5 / 3.0 * std::sqrt(6 / (in + out)), is_uniform},
      {"xavier_normal", td::xavier_normal(), std::sqrt(2 / (in + out)), is_normal},
      {"fan_sum_normal", td::fan_sum_normal(), 1 / std::sqrt(in + out), is_normal},
      {"he_uniform", td::he_uniform(), std::sqrt(6 / in), is_uniform},
      {"he_normal", td::he_normal(td::gain::leaky_relu(0.5)), std::sqrt(1.6 / in), is_normal}};
}

template <class T>
td::Matrix<T> drawn(td::Shape shape, const td::Initializer& rule) {
  td::ParameterStore store{{.seed = 12, .scalar = td::scalar_of<T>}};
  return store.parameter(store.add("w", shape, rule)).template value<T>();
}

}  // namespace

BOOST_AUTO_TEST_CASE(initial_values_of_wide_weights) {
  for (const Rule& rule : rules()) {
    BOOST_TEST_CONTEXT(rule.name) {
      const auto w = drawn<double>(wide, rule.initializer);
      std::vector<double> x(w.begin(), w.end());
      for (double& v : x) v /= rule.scale * (1 + 4 * std::numeric_limits<double>::epsilon());
      rule.is_distributed(x);
    }
  }
}

// Float gets the same numbers, rounded.
BOOST_AUTO_TEST_CASE(initial_values_in_float) {
  for (const Rule& rule : rules()) {
    const td::Shape shape{30, 50};
    const auto exact = drawn<double>(shape, rule.initializer);
    BOOST_TEST(
        test::equal(drawn<float>(shape, rule.initializer), arma::conv_to<td::Matrix<float>>::from(exact)),
        rule.name);
  }
}

// The fan-in of [out, in] is `in`: the deviation follows it alone, or the sum of both.
BOOST_AUTO_TEST_CASE(deviations_of_tall_and_of_wide_weights) {
  const auto deviation = [](td::Shape shape, const td::Initializer& rule) {
    const auto w = drawn<double>(shape, rule);
    return std::sqrt(arma::accu(arma::square(w)) / static_cast<double>(w.n_elem));
  };
  constexpr td::Shape tall{1600, 25};
  constexpr td::Shape flat{25, 1600};
  // The relative deviation of a deviation is sqrt(kurtosis - 1) / (2 sqrt(n)): at most that of normal
  // numbers.
  const double allowed = 5 / std::sqrt(2.0 * tall.size());
  const auto is = [&](double got, double wanted) { return std::abs(got / wanted - 1) < allowed; };
  BOOST_TEST(is(deviation(tall, td::he_normal()), std::sqrt(2 / 25.0)));
  BOOST_TEST(is(deviation(flat, td::he_normal()), std::sqrt(2 / 1600.0)));
  BOOST_TEST(is(deviation(tall, td::he_uniform()), std::sqrt(2 / 25.0)));
  BOOST_TEST(is(deviation(flat, td::he_uniform()), std::sqrt(2 / 1600.0)));
  BOOST_TEST(is(deviation(tall, td::fan_in_uniform()), std::sqrt(1 / 75.0)));
  BOOST_TEST(is(deviation(flat, td::fan_in_uniform()), std::sqrt(1 / 4800.0)));
  for (const td::Shape shape : {tall, flat}) {
    BOOST_TEST(is(deviation(shape, td::xavier_normal()), std::sqrt(2 / 1625.0)));
    BOOST_TEST(is(deviation(shape, td::xavier_uniform()), std::sqrt(2 / 1625.0)));
    BOOST_TEST(is(deviation(shape, td::fan_sum_normal()), std::sqrt(1 / 1625.0)));
  }
}

// A column of an orthogonal matrix of three rows lies anywhere on the sphere, so that each of its elements is
// U(-1, 1) (Archimedes). Different matrices are independent.
BOOST_AUTO_TEST_CASE(orthogonal_matrices_are_uniform) {
  const td::Initializer rule = td::orthogonal();
  constexpr std::size_t matrices = 170'000;
  std::vector<std::vector<double>> elements(6, std::vector<double>(matrices));
  arma::mat w(3, 2);
  for (std::size_t i = 0; i < matrices; ++i) {
    rule.fill(w, {2, 3}, td::Random(13).stream(i), rule.parameter);
    for (td::Index e = 0; e < 6; ++e) elements[e][i] = w[e];
  }
  const double rounding = 1 + 4 * std::numeric_limits<double>::epsilon();
  for (auto& x : elements) {
    for (double& v : x) v /= rounding;
    is_uniform(x);
  }
}

BOOST_AUTO_TEST_CASE(every_initialiser_is_tested) {
  std::set<std::string> tested{"constant", "orthogonal"};
  for (const Rule& rule : rules()) tested.insert(rule.name);
  std::ifstream file(test::source_dir + "/include/tapedeck/param/initializer.hpp");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::regex declaration(R"(TAPEDECK_API Initializer (\w+)\()");
  std::size_t found = 0;
  for (std::sregex_iterator i(text.begin(), text.end(), declaration), end; i != end; ++i, ++found)
    BOOST_TEST(tested.contains((*i)[1]), (*i)[1] << " is not tested");
  BOOST_TEST(found == tested.size());
  BOOST_TEST(test::equal(drawn<double>({3, 5}, td::constant(-2.5)), td::Matrix<double>(3, 5).fill(-2.5)));
}

// --- Dropout

namespace {

struct Place {
  std::uint64_t seed = 1;
  std::uint64_t step = 1;
  int use = 1;
  const char* layer = "drop";
  td::Index first_column = 0;
};

// What dropout makes of ones: 1000 rows and 1000 columns.
template <class T>
td::Matrix<T> mask(double probability, Place place = {}) {
  td::ParameterStore store({.seed = place.seed, .scalar = td::scalar_of<T>});
  td::Memory memory;
  td::Tape tape(store, memory, td::TapeOptions{.step = place.step, .first_column = place.first_column});
  const td::Tape::At at(tape, place.layer);
  const td::Value one = tape.input(td::Matrix<T>(1, 1).fill(1));
  for (int i = 1; i < place.use; ++i) td::dropout(one, probability);
  return td::dropout(tape.input(td::Matrix<T>(1000, 1000).fill(1)), probability).template matrix<T>();
}

std::vector<double> kept(const td::Matrix<float>& m) {
  std::vector<double> all;
  for (const float x : m) all.push_back(x == 0 ? 0 : 1);
  return all;
}

}  // namespace

// Those dropped of n are binomial: n p, with a deviation of sqrt(n p (1 - p)). So are those of each row
// modulo 8, which the words of a block and the lanes of a vector follow.
BOOST_AUTO_TEST_CASE_TEMPLATE(as_many_are_dropped_as_should_be, T, Scalars) {
  for (const double p : {0.001, 0.25, 0.5, 0.9}) {
    const td::Matrix<T> m = mask<T>(p);
    const auto near = [p](double dropped, double n) {
      return std::abs(dropped - n * p) < 5 * std::sqrt(n * p * (1 - p));
    };
    std::vector<double> dropped(8);
    const T scale = static_cast<T>(1 / (1 - p));
    std::size_t wrong = 0;
    for (td::Index i = 0; i < m.n_elem; ++i) {
      dropped[i % 1000 % 8] += m[i] == 0 ? 1 : 0;
      wrong += m[i] == 0 || m[i] == scale ? 0U : 1U;
    }
    BOOST_TEST(wrong == 0U, p);
    BOOST_TEST(near(std::accumulate(dropped.begin(), dropped.end(), 0.0), 1e6), p);
    for (const double d : dropped) BOOST_TEST(near(d, 125e3), p << ": " << d);
  }
}

// The kept elements are x times the scale, rounded once, and so is what comes back.
BOOST_AUTO_TEST_CASE_TEMPLATE(what_is_kept_is_scaled_exactly, T, Scalars) {
  const double p = 0.3;
  td::ParameterStore store({.seed = 1, .scalar = td::scalar_of<T>});
  td::Memory memory;
  td::Tape tape(store, memory, td::TapeOptions{.step = 1});
  const td::Matrix<T> x = test::gaussian<T>(td::Shape{257, 17}, 1);
  const td::Matrix<T> dy = test::gaussian<T>(td::Shape{257, 17}, 2);
  const td::Value v = tape.variable(x);
  const td::Value y = td::dropout(v, p);
  tape.backward({y, dy});
  const T scale = static_cast<T>(1 / (1 - p));
  std::size_t wrong = 0;
  for (td::Index i = 0; i < x.n_elem; ++i) {
    const bool drop = y.matrix<T>()[i] == 0;
    if (y.matrix<T>()[i] != (drop ? 0 : scale * x[i])) ++wrong;
    if (v.cotangent<T>()[i] != (drop ? 0 : scale * dy[i])) ++wrong;
  }
  BOOST_TEST(wrong == 0U);
}

// Masks of other seeds, steps, uses, layers and columns, and those of neighbours, know nothing of each other.
BOOST_AUTO_TEST_CASE(masks_are_independent) {
  const double p = 0.3;
  const td::Matrix<float> m = mask<float>(p);
  const auto x = kept(m);
  const auto independent = [](const std::vector<double>& a, const std::vector<double>& b) {
    return std::abs(test::correlation(a, b)) < 5 / std::sqrt(static_cast<double>(a.size()));
  };
  for (const Place& other :
       {Place{.seed = 2}, Place{.step = 2}, Place{.step = 3}, Place{.use = 2}, Place{.use = 3},
        Place{.layer = "drop_2"}, Place{.first_column = 1000}, Place{.step = 2, .use = 2}}) {
    BOOST_TEST(independent(x, kept(mask<float>(p, other))), "seed " << other.seed << ", step " << other.step
                                                                    << ", use " << other.use << ", "
                                                                    << other.layer);
  }
  BOOST_TEST(!independent(x, kept(mask<float>(p))));  // the same place, the same mask
  for (const td::Index lag : {1U, 2U, 3U, 4U, 8U, 16U}) {
    const td::Index rest = 1000 - lag;
    BOOST_TEST(independent(kept(m.head_rows(rest)), kept(m.tail_rows(rest))), "rows, " << lag);
    BOOST_TEST(independent(kept(m.head_cols(rest)), kept(m.tail_cols(rest))), "columns, " << lag);
    BOOST_TEST(independent(kept(m.submat(0, 0, rest - 1, rest - 1)), kept(m.submat(lag, lag, 999, 999))),
               "diagonals, " << lag);
  }
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
