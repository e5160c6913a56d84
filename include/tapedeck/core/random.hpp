#pragma once

/// @file
/// Random numbers without state: every number is a pure function of a key and of its place, so that the order
/// of the calls, the number of threads and what else was drawn do not matter.

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "tapedeck/core/matrix.hpp"

namespace tapedeck {

/// A stream of random numbers addressed by (row, column). Philox-4x32-10 (Salmon, Moraes, Dror and Shaw, SC
/// 2011) in counter mode: the key is the stream, the counter is the place.
class TAPEDECK_API Random {
 public:
  /// Equal seeds give equal numbers, on every platform; those of `normal` may differ in the last bits.
  explicit Random(std::uint64_t seed) : key_(seed) {}

  /// A stream of its own for every tag; `r.stream("fc_1").stream(7)` may be nested at will.
  Random stream(std::uint64_t tag) const;
  /// A stream of its own for every name.
  Random stream(std::string_view name) const;

  /// What Philox is keyed with: the seed, or what it became on the way to this stream.
  std::uint64_t key() const { return key_; }

  /// 128 random bits for the place (row, column).
  std::array<std::uint32_t, 4> bits(std::uint64_t row, std::uint64_t column = 0) const;
  /// Uniform on [0, 1), a multiple of 2^-53.
  double uniform(std::uint64_t row, std::uint64_t column = 0) const;
  /// Normal with mean 0 and variance 1 (Box and Muller, Annals of Mathematical Statistics 29, 1958); between
  /// -8.6 and 8.6.
  double normal(std::uint64_t row, std::uint64_t column = 0) const;
  /// Uniform on {0, ..., n-1}, unbiased (Lemire, ACM TOMACS 29, 2019). OptionError if n is 0.
  std::uint64_t below(std::uint64_t n, std::uint64_t row, std::uint64_t column = 0) const;
  /// 0, ..., n-1 in random order, every order equally likely (Fisher and Yates, in Durstenfeld's form, CACM
  /// 7, 1964). OptionError if n is above 2^44.
  std::vector<Index> permutation(Index n) const;

 private:
  std::uint64_t key_;
};

/// A 64-bit hash of a name, the same on every platform (FNV-1a with a SplitMix64 finish).
TAPEDECK_API std::uint64_t hash_of(std::string_view name);
/// Joins two hashes; the order matters.
TAPEDECK_API std::uint64_t join_hashes(std::uint64_t first, std::uint64_t second);

}  // namespace tapedeck
