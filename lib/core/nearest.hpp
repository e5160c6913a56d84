#pragma once

/// @file
/// The name that somebody may have meant.

#include <algorithm>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/text.hpp"
#include "tapedeck/core/matrix.hpp"

namespace tapedeck {

/// Levenshtein's distance. What both names begin or end with costs no more than its length.
inline Index distance(std::string_view a, std::string_view b) {
  const auto begin = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin();
  a.remove_prefix(static_cast<Index>(begin));
  b.remove_prefix(static_cast<Index>(begin));
  const auto end = std::mismatch(a.rbegin(), a.rend(), b.rbegin(), b.rend()).first - a.rbegin();
  a.remove_suffix(static_cast<Index>(end));
  b.remove_suffix(static_cast<Index>(end));
  if (a.empty() || b.empty()) return a.size() + b.size();
  std::vector<Index> row(b.size() + 1);
  std::iota(row.begin(), row.end(), Index{0});
  for (Index i = 0; i < a.size(); ++i) {
    Index diagonal = std::exchange(row[0], i + 1);
    for (Index j = 0; j < b.size(); ++j) {
      const Index replace = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replace, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[b.size()];
}

/// A hint for whoever mistyped a name; empty where there is none to offer, or if the name is too long to have
/// been typed. `name_of` gives the name of each of the things.
template <class Things, class NameOf>
std::string nearest_name(std::string_view name, const Things& things, const NameOf& name_of) {
  constexpr std::size_t longest = 512;
  const std::string* nearest = nullptr;
  Index least = 0;
  for (const auto& thing : things) {
    const std::string& candidate = name_of(thing);
    const auto [shorter, longer] = std::minmax({name.size(), candidate.size()});
    if (longer > longest) continue;
    if (nearest != nullptr && longer - shorter >= least) continue;  // the distance is at least as large
    const Index d = distance(name, candidate);
    if (nearest == nullptr || d < least) {
      nearest = &candidate;
      least = d;
    }
  }
  return nearest == nullptr ? "" : "the nearest name is " + in_quotes(*nearest);
}

}  // namespace tapedeck
