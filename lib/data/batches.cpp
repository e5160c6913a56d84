#include "tapedeck/data/batches.hpp"

#include <algorithm>

#include "tapedeck/core/error.hpp"
#include "tapedeck/core/random.hpp"

namespace tapedeck {

Batches::Batches(const Dataset& data, BatchOptions options) : all_(data.all()), batch_size_(options.size) {
  const Index samples = all_.size();
  if (batch_size_ == 0) throw OptionError({.who = "batches", .given = "size is 0", .wanted = "at least 1"});
  if (samples == 0) {
    throw ShapeError(
        {.who = "batches", .given = "x is " + to_string(all_.x.shape()), .wanted = "at least 1 sample"});
  }
  const bool smaller_last = samples % batch_size_ != 0;
  count_ = samples / batch_size_ + (smaller_last && !options.drop_last ? 1 : 0);
  if (count_ == 0) {
    throw OptionError({.who = "batches",
                       .given = "size is " + std::to_string(batch_size_) + " and drop_last is set",
                       .wanted = "a size of at most " + std::to_string(samples) + ", the number of samples",
                       .hint = "no batch would be left"});
  }
  const Shuffle& shuffle = options.shuffle;
  if (shuffle.active) order_ = Random{shuffle.seed}.stream(shuffle.epoch).permutation(samples);
}

Batch Batches::at(Index number) const {
  const Index first = number * batch_size_;
  const Index count = std::min(batch_size_, all_.size() - first);
  Batch ordered = all_;
  if (!order_.empty()) ordered.x.order = ordered.y.order = order_.data();
  return ordered.part(first, count);
}

Batch Batches::operator[](Index number) const {
  if (number >= count_) {
    throw OptionError({.who = "batches",
                       .given = "batch number " + std::to_string(number),
                       .wanted = "less than " + std::to_string(count_) + ", the number of batches"});
  }
  return at(number);
}

Batches batches(const Dataset& data, BatchOptions options) { return {data, options}; }

}  // namespace tapedeck
