#pragma once

/// @file
/// One dataset into several that share no sample.

#include <cstdint>
#include <vector>

#include "tapedeck/data/dataset.hpp"

namespace tapedeck {

/// How large the parts are, and how they are chosen.
struct SplitOptions {
  double test = 0.2;       ///< fraction of the samples, in [0, 1)
  double validation = 0;   ///< fraction of the samples, in [0, 1); training gets what is left
  std::uint64_t seed = 0;  ///< of the choice of samples
  /// Every class in the same proportion in each part, up to rounding; y must be labels.
  bool stratified = false;
};

/// Which samples each part has, counted from 0 and ascending.
struct SplitPositions {
  std::vector<Index> train;       ///< at least one
  std::vector<Index> validation;  ///< none if the fraction was 0
  std::vector<Index> test;        ///< likewise
};

/// Deals every sample at random to exactly one part, the sizes rounded to whole samples. Copies nothing.
/// OptionError if a fraction is out of range, or if training or a part of a fraction above 0 would be empty;
/// ScalarError if stratified without labels.
TAPEDECK_API SplitPositions split_positions(const Dataset& data, SplitOptions options = {});

/// Copies, each in the order of the data that it comes from.
struct Split {
  Dataset train;       ///< at least one sample
  Dataset validation;  ///< without samples if the fraction was 0
  Dataset test;        ///< likewise
};

/// Copies the samples of `split_positions`. Throws the same errors.
TAPEDECK_API Split split(const Dataset& data, SplitOptions options = {});

/// Cross-validation: k splits of which each has one k-th of the samples, rounded up or down, as its test part
/// and the others as its training part; every sample is in exactly one test part. Validation parts are empty.
/// OptionError unless 2 <= k <= samples.
TAPEDECK_API std::vector<Split> folds(const Dataset& data, Index k, std::uint64_t seed);

}  // namespace tapedeck
