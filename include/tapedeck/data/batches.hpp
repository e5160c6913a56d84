#pragma once

/// @file
/// A dataset in mini-batches, without copying it.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "tapedeck/data/dataset.hpp"

namespace tapedeck {

/// Whether and how samples are put into random order: `{seed, epoch}` gives every epoch an order of its own,
/// the same in every run; `{}` keeps the order of the data.
struct Shuffle {
  bool active = false;      ///< whether there is any
  std::uint64_t seed = 0;   ///< of all orders
  std::uint64_t epoch = 0;  ///< which of them

  /// The order of the data.
  Shuffle() = default;
  /// The random order that belongs to a seed and an epoch.
  Shuffle(std::integral auto of_seed, std::integral auto of_epoch)
      : active(true),
        seed(static_cast<std::uint64_t>(of_seed)),
        epoch(static_cast<std::uint64_t>(of_epoch)) {}
};

/// How data are cut into batches.
struct BatchOptions {
  Index size = 32;         ///< samples in a batch, at least 1
  Shuffle shuffle = {};    ///< none by default
  bool drop_last = false;  ///< leave out a last batch that is smaller than the others
};

/// A dataset as a range of batches; see `batches`.
class TAPEDECK_API Batches {
 public:
  /// An input iterator that makes each batch when it is looked at. The range must outlive it.
  class Iterator {
   public:
    using value_type = Batch;                ///< which is a view, and made anew each time
    using difference_type = std::ptrdiff_t;  ///< asked for by the standard library

    /// Belongs to no range.
    Iterator() = default;
    /// Stands at a batch of the range.
    Iterator(const Batches& range, Index number) : range_(&range), number_(number) {}
    /// The batch.
    Batch operator*() const { return range_->at(number_); }
    /// Goes on to the next batch.
    Iterator& operator++() {
      ++number_;
      return *this;
    }
    /// Goes on to the next batch, and gives where it stood.
    Iterator operator++(int) {
      const Iterator before = *this;
      ++number_;
      return before;
    }
    /// Whether they stand at the same number; of one range only.
    friend bool operator==(Iterator a, Iterator b) { return a.number_ == b.number_; }

   private:
    const Batches* range_ = nullptr;
    Index number_ = 0;
  };

  /// The first batch.
  Iterator begin() const { return {*this, 0}; }
  /// Behind the last batch.
  Iterator end() const { return {*this, count_}; }
  /// How many batches.
  Index size() const { return count_; }
  /// Batch number 0, 1, ... OptionError if there is no such batch.
  Batch operator[](Index number) const;

 private:
  friend Batches batches(const Dataset& data, BatchOptions options);
  Batches(const Dataset& data, BatchOptions options);
  Batch at(Index number) const;

  Batch all_;
  Index batch_size_;
  Index count_;
  std::vector<Index> order_;
};

/// The data in batches of `options.size` samples, the last one smaller if need be; all of it, in one batch,
/// if it has fewer samples.
///
///     for (const td::Batch& batch : td::batches(data, {.size = 50, .shuffle = {seed, epoch}})) ...
///
/// Without shuffling a batch is columns in a row, which a tape can borrow. With it a batch is those columns
/// that `Random{seed}.stream(epoch).permutation(n)` names, an order kept by the range. Nothing is copied, and
/// but for that order nothing allocated: batches point into the data and the range, which must outlive them.
///
/// OptionError if the size is 0 or nothing would be left after dropping the last batch; ShapeError if there
/// are no samples.
TAPEDECK_API Batches batches(const Dataset& data, BatchOptions options = {});
Batches batches(const Dataset&& data, BatchOptions options = {}) = delete;

}  // namespace tapedeck
