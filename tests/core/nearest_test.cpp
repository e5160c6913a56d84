#include "core/nearest.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "tapedeck/core/random.hpp"

namespace td = tapedeck;

BOOST_AUTO_TEST_SUITE(core)
BOOST_AUTO_TEST_SUITE(nearest)

namespace {

// Levenshtein's recursion, letter by letter.
td::Index distance(const std::string& a, const std::string& b) {
  if (a.empty() || b.empty()) return a.size() + b.size();
  const std::string rest_a = a.substr(1);
  const std::string rest_b = b.substr(1);
  if (a[0] == b[0]) return distance(rest_a, rest_b);
  return 1 + std::min({distance(rest_a, b), distance(a, rest_b), distance(rest_a, rest_b)});
}

std::string word(std::uint64_t seed) {
  const td::Random random(seed);
  std::string letters(random.below(7, 0), 'a');
  for (td::Index i = 0; i < letters.size(); ++i) letters[i] = "abc"[random.below(3, 1, i)];
  return letters;
}

}  // namespace

BOOST_AUTO_TEST_CASE(distances_are_levenshtein_s) {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const std::string a = word(2 * seed);
    const std::string b = word(2 * seed + 1);
    BOOST_TEST(td::distance(a, b) == distance(a, b), '"' << a << "\" and \"" << b << '"');
  }
  BOOST_TEST(td::distance("weight", "wieght") == 2U);
  BOOST_TEST(td::distance(std::string(300, 'x') + "ab" + std::string(300, 'y'),
                          std::string(300, 'x') + "b" + std::string(300, 'y')) == 1U);
}

BOOST_AUTO_TEST_CASE(the_nearest_name_is_the_first_of_the_nearest) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    std::vector<std::string> names;
    for (std::uint64_t i = 0; i < 8; ++i) names.push_back(word(1000 + 8 * seed + i));
    const std::string name = word(seed);
    std::string wanted = names[0];
    for (const std::string& candidate : names) {
      if (distance(name, candidate) < distance(name, wanted)) wanted = candidate;
    }
    const std::string hint =
        td::nearest_name(name, names, [](const std::string& n) -> const std::string& { return n; });
    BOOST_TEST(hint == "the nearest name is \"" + wanted + '"');
  }
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
