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

/// Levenshtein's distance.
inline Index distance(std::string_view a, std::string_view b) {
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
    if (std::max(name.size(), candidate.size()) > longest) continue;
    const Index d = distance(name, candidate);
    if (nearest == nullptr || d < least) {
      nearest = &candidate;
      least = d;
    }
  }
  return nearest == nullptr ? "" : "the nearest name is " + in_quotes(*nearest);
}

}  // namespace tapedeck
