#include "tapedeck/param/initializer.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include "param/support.hpp"
#include "support/complaint.hpp"
#include "support/statistics.hpp"
#include "tapedeck/layers/linear.hpp"
#include "tapedeck/param/parameter_store.hpp"

namespace td = tapedeck;
using test::complaint;
using test::kolmogorov_smirnov;
using test::same_bits;

BOOST_AUTO_TEST_SUITE(param)
BOOST_AUTO_TEST_SUITE(initializer)

namespace {

/// What a store of this seed gives a parameter "w".
arma::mat drawn(td::Shape shape, td::Initializer rule, std::uint64_t seed = 1,
                td::ParameterOptions options = {}) {
  td::ParameterStore store{{.seed = seed, .scalar = td::f64}};
  return store.parameter(store.add("w", shape, rule, options)).value<double>();
}

// A million draws with different fans.
constexpr td::Shape large{1250, 800};
constexpr double fan_in = 800;
constexpr double fan_out = 1250;

struct Rule {
  std::string name;
  td::Initializer initializer;
  double scale;  ///< the bound of uniform numbers, the deviation of normal ones
};

const std::vector<Rule> uniform_rules{
    {"uniform", td::uniform(0.3), 0.3},
    {"fan_in_uniform", td::fan_in_uniform(), 1 / std::sqrt(fan_in)},
    {"fan_in_uniform, tanh", td::fan_in_uniform(td::gain::tanh), 5 / 3.0 / std::sqrt(fan_in)},
    {"xavier_uniform", td::xavier_uniform(), std::sqrt(6 / (fan_in + fan_out))},
    {"he_uniform", td::he_uniform(), std::sqrt(6 / fan_in)},
    {"he_uniform, linear", td::he_uniform(td::gain::linear), std::sqrt(3 / fan_in)}};

const std::vector<Rule> normal_rules{
    {"normal", td::normal(2), 2},
    {"xavier_normal", td::xavier_normal(), std::sqrt(2 / (fan_in + fan_out))},
    {"xavier_normal, tanh", td::xavier_normal(td::gain::tanh), 5 / 3.0 * std::sqrt(2 / (fan_in + fan_out))},
    {"fan_sum_normal", td::fan_sum_normal(), 1 / std::sqrt(fan_in + fan_out)},
    {"fan_sum_normal, relu", td::fan_sum_normal(td::gain::relu), std::sqrt(2 / (fan_in + fan_out))},
    {"he_normal", td::he_normal(), std::sqrt(2 / fan_in)}};

}  // namespace

BOOST_AUTO_TEST_CASE(uniform_statistics) {
  for (const Rule& rule : uniform_rules) {
    BOOST_TEST_CONTEXT(rule.name) {
      const arma::vec x = arma::vectorise(drawn(large, rule.initializer)) / rule.scale;
      BOOST_TEST(arma::abs(x).max() <= 1 + 1e-15);
      BOOST_TEST(x.max() > 1 - 4e-5);  // missed by a million draws once in e^20
      BOOST_TEST(x.min() < -1 + 4e-5);
      BOOST_TEST(std::abs(arma::mean(x)) < 5 * std::sqrt(1 / 3.0) / 1e3);
      BOOST_TEST(std::abs(arma::dot(x, x) / 1e6 - 1 / 3.0) < 5 * std::sqrt(4 / 45.0) / 1e3);
      BOOST_TEST(kolmogorov_smirnov(x, [](double v) { return (v + 1) / 2; }) > 1e-6);
    }
  }
}

BOOST_AUTO_TEST_CASE(normal_statistics) {
  for (const Rule& rule : normal_rules) {
    BOOST_TEST_CONTEXT(rule.name) {
      const arma::vec x = arma::vectorise(drawn(large, rule.initializer)) / rule.scale;
      BOOST_TEST(std::abs(arma::mean(x)) < 5 / 1e3);
      BOOST_TEST(std::abs(arma::dot(x, x) / 1e6 - 1) < 5 * std::sqrt(2.0) / 1e3);
      BOOST_TEST(kolmogorov_smirnov(x, test::normal_distribution) > 1e-6);
    }
  }
}

// Of 2^53 numbers, two of a million are equal in one of 18,000 runs.
BOOST_AUTO_TEST_CASE(elements_are_all_different) {
  BOOST_TEST(arma::vec(arma::unique(arma::vectorise(drawn(large, td::uniform(1))))).n_elem == large.size());
  BOOST_TEST(arma::vec(arma::unique(arma::vectorise(drawn(large, td::normal(1))))).n_elem == large.size());
}

BOOST_AUTO_TEST_CASE(elements_are_not_correlated) {
  const arma::mat x = drawn(large, td::normal(1));
  const double rows = arma::accu(x.rows(1, 1249) % x.rows(0, 1248)) / (1249.0 * 800);
  const double columns = arma::accu(x.cols(1, 799) % x.cols(0, 798)) / (1250.0 * 799);
  BOOST_TEST(std::abs(rows) < 5 / 999.0);
  BOOST_TEST(std::abs(columns) < 5 / 999.0);
}

// The fault of a library that took the fan from flattened weights: 0.014 for both.
BOOST_AUTO_TEST_CASE(fans_are_those_of_the_shape) {
  const auto deviation = [](td::Shape shape) {
    return arma::stddev(arma::vectorise(drawn(shape, td::he_normal())));
  };
  const double five_sigma = 5 / std::sqrt(2 * 10'000.0);  // relative, of the deviation of 10,000 draws
  BOOST_TEST(std::abs(deviation({50, 200}) / 0.1 - 1) < five_sigma);
  BOOST_TEST(std::abs(deviation({200, 50}) / 0.2 - 1) < five_sigma);
}

BOOST_AUTO_TEST_CASE(a_fan_that_is_given_counts) {
  const arma::mat x = drawn({1, 10'000}, td::fan_in_uniform(), 1, {.fan = {4, 9}});
  BOOST_TEST(arma::abs(x).max() <= 0.5);
  BOOST_TEST(arma::abs(x).max() > 0.499);
  const td::Initializer show_fans{
      [](arma::mat& values, td::Fan fan, const td::Random&, double parameter) {
        values.fill(100 * static_cast<double>(fan.in) + static_cast<double>(fan.out) + parameter);
      },
      0.5};
  BOOST_TEST(drawn({3, 2}, show_fans)[0] == 203.5);
  BOOST_TEST(drawn({3, 2}, show_fans, 1, {.fan = {4, 9}})[0] == 409.5);
}

BOOST_AUTO_TEST_CASE(a_bias_starts_with_the_fan_of_its_weight) {
  td::ParameterStore store{{.scalar = td::f64}};
  const td::Linear linear{store.scope("fc"), 400, 2500};
  const arma::mat& bias = store.parameter(linear.bias()).value<double>();
  BOOST_TEST(arma::abs(bias).max() <= 0.05);  // 1 / sqrt(400)
  BOOST_TEST(arma::abs(bias).max() > 0.049);
  const arma::mat& weight = store.parameter(linear.weight()).value<double>();
  BOOST_TEST(arma::abs(weight).max() <= 0.05);
  BOOST_TEST(arma::abs(weight).max() > 0.0499);
}

BOOST_AUTO_TEST_CASE(the_printed_xavier_is_smaller_by_the_root_of_two) {
  const arma::mat glorot = drawn({30, 50}, td::xavier_normal());
  const arma::mat printed = drawn({30, 50}, td::fan_sum_normal());
  BOOST_TEST(arma::abs(glorot / printed - std::numbers::sqrt2).max() < 1e-14);
}

BOOST_AUTO_TEST_CASE(orthogonal_has_orthonormal_rows_or_columns) {
  for (const td::Shape shape : {td::Shape{30, 20}, {20, 30}, {25, 25}, {1, 7}, {7, 1}, {1, 1}}) {
    const arma::mat q = drawn(shape, td::orthogonal(1.5));
    const arma::mat gram = shape.rows < shape.cols ? arma::mat(q * q.t()) : arma::mat(q.t() * q);
    const arma::mat expected = 2.25 * arma::eye(gram.n_rows, gram.n_cols);
    BOOST_TEST(arma::abs(gram - expected).max() < 1e-12, td::to_string(shape));
  }
  BOOST_TEST(drawn({0, 3}, td::orthogonal()).is_empty());
}

// Without Mezzadri's signs a 1x1 matrix is always 1, and the first column of others leans to one side.
BOOST_AUTO_TEST_CASE(orthogonal_is_uniform) {
  int ones = 0;
  double corner = 0;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    ones += drawn({1, 1}, td::orthogonal(), seed)[0] > 0 ? 1 : 0;
    corner += drawn({2, 2}, td::orthogonal(), seed)(0, 0) / 1000;
  }
  BOOST_TEST(std::abs(ones - 500) < 5 * std::sqrt(250.0));
  BOOST_TEST(std::abs(corner) < 5 * std::sqrt(0.5 / 1000));  // a cosine has variance 1/2
}

BOOST_AUTO_TEST_CASE(constants_are_constant) {
  BOOST_TEST(same_bits(drawn({3, 4}, td::zeros), arma::mat(3, 4)));
  BOOST_TEST(same_bits(drawn({3, 4}, td::ones), arma::mat(3, 4, arma::fill::ones)));
  BOOST_TEST(same_bits(drawn({3, 4}, td::constant(-2.5)), arma::mat(3, 4, arma::fill::value(-2.5))));
}

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_bits) {
  for (const td::Initializer rule : {td::uniform(1), td::normal(1), td::orthogonal()}) {
    BOOST_TEST(same_bits(drawn({20, 30}, rule, 5), drawn({20, 30}, rule, 5)));
    BOOST_TEST(!same_bits(drawn({20, 30}, rule, 5), drawn({20, 30}, rule, 6)));
  }
}

BOOST_AUTO_TEST_CASE(gains) {
  BOOST_TEST(td::gain::linear == 1);
  BOOST_TEST(td::gain::sigmoid == 1);
  BOOST_TEST(td::gain::tanh == 5.0 / 3);
  BOOST_TEST(td::gain::relu == std::sqrt(2.0));
  BOOST_TEST(td::gain::leaky_relu(0) == std::sqrt(2.0));
  BOOST_TEST(td::gain::leaky_relu(1) == 1);
  BOOST_TEST(std::abs(td::gain::leaky_relu(-0.5) - std::sqrt(1.6)) < 1e-15);
}

BOOST_AUTO_TEST_CASE(what_is_out_of_range_is_refused) {
  using Make = td::Initializer (*)(double);
  const std::vector<std::pair<std::string, Make>> all{{"constant", td::constant},
                                                      {"uniform", td::uniform},
                                                      {"normal", td::normal},
                                                      {"fan_in_uniform", td::fan_in_uniform},
                                                      {"xavier_uniform", td::xavier_uniform},
                                                      {"xavier_normal", td::xavier_normal},
                                                      {"fan_sum_normal", td::fan_sum_normal},
                                                      {"he_uniform", td::he_uniform},
                                                      {"he_normal", td::he_normal},
                                                      {"orthogonal", td::orthogonal}};
  const double inf = std::numeric_limits<double>::infinity();
  for (const auto& [name, make] : all) {
    const std::string said = complaint<td::OptionError>([&, make = make] { make(inf); });
    BOOST_TEST(said.starts_with(name + ": "), said);
    BOOST_TEST(test::contains(said, " = inf; expected a finite number"), said);
    BOOST_CHECK_THROW(make(-inf), td::OptionError);
    BOOST_CHECK_THROW(make(std::numeric_limits<double>::quiet_NaN()), td::OptionError);
  }
}

BOOST_AUTO_TEST_CASE(bounds_and_deviations_below_0_are_refused) {
  BOOST_TEST(complaint<td::OptionError>([] { td::uniform(-1e-9); }) ==
             "uniform: bound = -1e-09; expected a finite number, at least 0");
  BOOST_TEST(complaint<td::OptionError>([] { td::normal(-2); }) ==
             "normal: deviation = -2; expected a finite number, at least 0");
  BOOST_TEST(drawn({2, 2}, td::uniform(0)).max() == 0);
  BOOST_TEST(drawn({2, 2}, td::orthogonal(-1)).n_elem == 4U);  // a gain may turn the signs
}

BOOST_AUTO_TEST_CASE(a_slope_without_gain_is_refused) {
  for (const double bad : {std::nan(""), HUGE_VAL}) {
    BOOST_TEST(complaint<td::OptionError>([&] {
                 td::gain::leaky_relu(bad);
               }).starts_with("gain::leaky_relu: slope = "));
  }
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
