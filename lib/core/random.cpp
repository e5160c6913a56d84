#include "tapedeck/core/random.hpp"

#include <Random123/philox.h>

#include <cmath>
#include <numbers>
#include <numeric>

#include "core/ranges.hpp"
#include "tapedeck/core/error.hpp"

namespace tapedeck {
namespace {

// The finish of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): a bijection that spreads every bit.
std::uint64_t mix(std::uint64_t z) {
  z += 0x9e3779b97f4a7c15U;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

constexpr std::uint64_t join(std::uint32_t high, std::uint32_t low) {
  return (static_cast<std::uint64_t>(high) << 32U) | low;
}

// The upper 53 bits as a number in [0, 1).
double unit(std::uint64_t bits) { return static_cast<double>(bits >> 11U) * 0x1p-53; }

}  // namespace

std::uint64_t hash_of(std::string_view name) {
  std::uint64_t h = 0xcbf29ce484222325U;
  for (const char c : name) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return mix(h);
}

std::uint64_t join_hashes(std::uint64_t first, std::uint64_t second) { return mix(mix(first) + second); }

Random Random::stream(std::uint64_t tag) const { return Random{join_hashes(key_, tag)}; }
Random Random::stream(std::string_view name) const { return Random{join_hashes(key_, hash_of(name))}; }

std::array<std::uint32_t, 4> Random::bits(std::uint64_t row, std::uint64_t column) const {
  const auto low = [](std::uint64_t x) { return static_cast<std::uint32_t>(x); };
  const auto high = [](std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32U); };
  const r123::Philox4x32::ctr_type counter{{low(row), high(row), low(column), high(column)}};
  const r123::Philox4x32::key_type key{{low(key_), high(key_)}};
  const auto out = r123::Philox4x32{}(counter, key);
  return {out[0], out[1], out[2], out[3]};
}

double Random::uniform(std::uint64_t row, std::uint64_t column) const {
  const auto b = bits(row, column);
  return unit(join(b[0], b[1]));
}

double Random::normal(std::uint64_t row, std::uint64_t column) const {
  const auto b = bits(row, column);
  const double radius = std::sqrt(-2 * std::log(1 - unit(join(b[0], b[1]))));  // 1 - u lies in (0, 1]
  return radius * std::cos(2 * std::numbers::pi * unit(join(b[2], b[3])));
}

std::uint64_t Random::below(std::uint64_t n, std::uint64_t row, std::uint64_t column) const {
  if (n == 0) throw OptionError({.who = "Random::below", .given = "n = 0", .wanted = "at least 1"});
  __extension__ using Wide = unsigned __int128;
  const std::uint64_t reject = (0 - n) % n;  // 2^64 mod n: products whose low word lies under it are redrawn
  Random draw = *this;
  while (true) {
    const auto b = draw.bits(row, column);
    const Wide product = static_cast<Wide>(join(b[0], b[1])) * n;
    if (static_cast<std::uint64_t>(product) >= reject) return static_cast<std::uint64_t>(product >> 64U);
    draw = draw.stream(1);
  }
}

std::vector<Index> Random::permutation(Index n) const {
  ranges::require(n <= ranges::most_elements, "Random::permutation", "n", static_cast<double>(n),
                  "at most 2^44", "was a size negative?");
  std::vector<Index> order(n);
  std::iota(order.begin(), order.end(), Index{0});
  for (Index i = n; i > 1; --i) std::swap(order[i - 1], order[below(i, i)]);
  return order;
}

}  // namespace tapedeck
