#include "support/references.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "support/folders.hpp"

namespace test {

namespace {

namespace td = tapedeck;
using nlohmann::json;

double number(const json& j) {
  if (j.is_number()) return j.get<double>();
  const auto text = j.get<std::string>();
  const double inf = std::numeric_limits<double>::infinity();
  return text == "inf" ? inf : text == "-inf" ? -inf : std::nan("");
}

template <class T>
td::Matrix<T> matrix(const json& j) {
  td::Matrix<T> m(j.at(0).get<td::Index>(), j.at(1).get<td::Index>());
  if (j.size() != m.n_elem + 2) throw std::runtime_error("a reference of the wrong size");
  for (td::Index i = 0; i < m.n_elem; ++i) m[i] = static_cast<T>(number(j.at(i + 2)));
  return m;
}

}  // namespace

std::vector<Reference> references(const std::string& header) {
  std::ifstream file(source_dir + "/tests/references/ops/" + header + ".json");
  std::vector<Reference> all;
  const json content = json::parse(file);
  for (const json& c : content.at("cases")) {
    Reference r{c.at("name"),
                c.at("elementwise"),
                {},
                matrix<double>(c.at("output")),
                matrix<double>(c.at("cotangent")),
                {}};
    for (std::size_t i = 0; i < c.at("inputs").size(); ++i) {
      const json& gradient = c.at("gradients").at(i);
      if (gradient.is_null()) {
        r.inputs.emplace_back(matrix<td::Index>(c.at("inputs").at(i)));
      } else {
        r.inputs.emplace_back(matrix<double>(c.at("inputs").at(i)));
      }
      r.gradients.push_back(gradient.is_null() ? td::Matrix<double>() : matrix<double>(gradient));
    }
    all.push_back(std::move(r));
  }
  return all;
}

double difference(const td::Matrix<double>& got, const td::Matrix<double>& wanted, bool elementwise) {
  const double inf = std::numeric_limits<double>::infinity();
  if (td::shape_of(got) != td::shape_of(wanted)) return inf;
  double largest = 0;
  for (const double w : wanted) {
    if (std::isfinite(w)) largest = std::max(largest, std::abs(w));
  }
  double worst = 0;
  for (td::Index i = 0; i < wanted.n_elem; ++i) {
    const double g = got[i];
    const double w = wanted[i];
    if (g == w || (std::isnan(g) && std::isnan(w))) continue;
    if (!std::isfinite(g) || !std::isfinite(w)) return inf;
    worst = std::max(worst, std::abs(g - w) / (elementwise ? std::abs(w) : largest));
  }
  return worst;
}

}  // namespace test

BOOST_AUTO_TEST_SUITE(support)
BOOST_AUTO_TEST_SUITE(references)

BOOST_AUTO_TEST_CASE(there_are_at_least_500_vectors) {
  std::size_t vectors = 0;
  for (const auto& file : std::filesystem::directory_iterator(test::source_dir + "/tests/references/ops")) {
    if (file.path().extension() != ".json") continue;
    for (const test::Reference& r : test::references(file.path().stem())) {
      ++vectors;
      for (const auto& g : r.gradients) vectors += g.is_empty() ? 0U : 1U;
    }
  }
  BOOST_TEST_MESSAGE(vectors << " vectors");
  BOOST_TEST(vectors >= 500U);
}

BOOST_AUTO_TEST_CASE(differences_are_seen) {
  const double inf = std::numeric_limits<double>::infinity();
  const double nan = std::nan("");
  const auto row = [](std::initializer_list<double> x) { return tapedeck::Matrix<double>{x}; };
  BOOST_TEST(test::difference(row({1, 2, nan, inf, -0.0}), row({1, 2, nan, inf, 0})) == 0);
  BOOST_TEST(test::difference(row({1, 2}), row({1, 2}).t()) == inf);
  BOOST_TEST(test::difference(row({1, nan}), row({1, 2})) == inf);
  BOOST_TEST(test::difference(row({1, 2}), row({1, nan})) == inf);
  BOOST_TEST(test::difference(row({inf}), row({-inf})) == inf);
  BOOST_TEST(test::difference(row({1, 3}), row({1, 4})) == 0.25);
  BOOST_TEST(test::difference(row({2, 4}), row({1, 4})) == 0.25);
  BOOST_TEST(test::difference(row({2, 4}), row({1, 4}), true) == 1);
  BOOST_TEST(test::difference(row({0}), row({1})) == 1);
  BOOST_TEST(test::difference(row({1}), row({0})) == inf);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
