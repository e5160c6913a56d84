#include "tapedeck/data/split.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "core/text.hpp"
#include "tapedeck/core/error.hpp"
#include "tapedeck/core/random.hpp"

namespace tapedeck {
namespace {

// The positions, ascending, of the samples whose part satisfies `chosen`.
template <class Part, class Chosen>
std::vector<Index> positions_of(const std::vector<Part>& parts, Chosen chosen) {
  std::vector<Index> positions;
  positions.reserve(static_cast<Index>(std::count_if(parts.begin(), parts.end(), chosen)));
  for (Index i = 0; i < parts.size(); ++i) {
    if (chosen(parts[i])) positions.push_back(i);
  }
  return positions;
}

Index samples_of(const char* part, double fraction, Index samples) {
  if (!(fraction >= 0 && fraction < 1)) {
    throw OptionError({.who = "split",
                       .given = std::string(part) + " is " + to_text(fraction),
                       .wanted = "a fraction in [0, 1)"});
  }
  const auto count = static_cast<Index>(std::round(fraction * static_cast<double>(samples)));
  if (fraction > 0 && count == 0) {
    throw OptionError({.who = "split",
                       .given = std::string(part) + " is " + to_text(fraction) + " of " +
                                std::to_string(samples) + " samples",
                       .wanted = "at least 1 sample"});
  }
  return count;
}

// Whether place i of n is one of `count` places that are spread evenly.
bool is_dealt(Index i, Index count, Index n) { return (i + 1) * count / n != i * count / n; }

}  // namespace

SplitPositions split_positions(const Dataset& data, SplitOptions options) {
  const Index n = data.size();
  const Index test = samples_of("test", options.test, n);
  const Index validation = samples_of("validation", options.validation, n);
  if (test + validation >= n) {
    throw OptionError({.who = "split",
                       .given = "test and validation take " + std::to_string(test + validation) + " of " +
                                std::to_string(n) + " samples",
                       .wanted = "at least 1 sample left for training"});
  }

  // Parts are dealt evenly along a random order; sorting that by class deals every class evenly.
  std::vector<Index> order = Random{options.seed}.stream("split").permutation(n);
  if (options.stratified) {
    const IndexMatrix& labels = data.labels();
    std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) { return labels(a) < labels(b); });
  }
  enum Part : std::uint8_t { in_train, in_validation, in_test };
  std::vector<Part> parts(n, in_train);
  Index rest = 0;
  for (Index i = 0; i < n; ++i) {
    if (is_dealt(i, test, n)) {
      parts[order[i]] = in_test;
    } else if (is_dealt(rest++, validation, n - test)) {
      parts[order[i]] = in_validation;
    }
  }
  order = {};  // its memory goes before that of the positions comes
  const auto only = [&](Part part) { return positions_of(parts, [part](Part p) { return p == part; }); };
  return {.train = only(in_train), .validation = only(in_validation), .test = only(in_test)};
}

Split split(const Dataset& data, SplitOptions options) {
  const SplitPositions positions = split_positions(data, options);
  return {.train = data.subset(positions.train),
          .validation = data.subset(positions.validation),
          .test = data.subset(positions.test)};
}

std::vector<Split> folds(const Dataset& data, Index k, std::uint64_t seed) {
  const Index n = data.size();
  if (k < 2 || k > n) {
    throw OptionError({.who = "folds",
                       .given = "k is " + std::to_string(k),
                       .wanted = "from 2 to " + std::to_string(n) + ", the number of samples"});
  }
  const std::vector<Index> order = Random{seed}.stream("folds").permutation(n);
  std::vector<Index> parts(n);
  for (Index i = 0; i < n; ++i) parts[order[i]] = i % k;
  std::vector<Split> splits;
  for (Index fold = 0; fold < k; ++fold) {
    splits.push_back({.train = data.subset(positions_of(parts, [fold](Index p) { return p != fold; })),
                      .validation = data.subset({}),
                      .test = data.subset(positions_of(parts, [fold](Index p) { return p == fold; }))});
  }
  return splits;
}

}  // namespace tapedeck
