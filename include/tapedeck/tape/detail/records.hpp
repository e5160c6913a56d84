#pragma once

/// @file
/// Internal: the records of a pass in the order in which they were made, the layer at work, and times.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <string_view>
#include <vector>

#include "tapedeck/core/random.hpp"
#include "tapedeck/tape/detail/arena.hpp"
#include "tapedeck/tape/detail/record.hpp"

namespace tapedeck::detail {

/// A list of records, linked from the last to the first. They are trivially destructible and lie in an arena.
class TAPEDECK_API Records {
 public:
  const Record* last() const { return last_; }
  /// Appends a record. `start` is when its op began, by now(); it counts if records are timed.
  template <class R, class O>
  R& append(const O& op, double start) {
    static_assert(alignof(R) <= Arena::alignment);
    R* record = new (memory_.allocate(sizeof(R))) R(op);
    record->previous = last_;
    record->place = place_;
    if (timed_) times_.push_back({record, now() - start, 0});  // may throw, so before the record counts
    last_ = record;
    return *record;
  }
  /// Makes the list end with another record.
  void set_last(const Record* last) { last_ = last; }
  /// Returns memory that lives until the pass ends.
  void* allocate(std::size_t bytes) { return memory_.allocate(bytes); }

  /// Begins the work of a layer within the one at work; returns the outer one, for `leave`.
  const Place* enter(std::string_view name, std::uint64_t hash) {
    const Place* outer = place_;
    auto* memory = static_cast<std::byte*>(memory_.allocate(sizeof(Place) + name.size() + 1));
    auto* text = reinterpret_cast<char*>(memory + sizeof(Place));
    std::memcpy(text, name.data(), name.size());
    text[name.size()] = '\0';
    place_ = new (memory) Place{outer, outer == nullptr ? hash : join_hashes(outer->hash, hash), text};
    return outer;
  }
  void leave(const Place* outer) { place_ = outer; }
  /// The layer at work; null outside of all layers.
  const Place* place() const { return place_; }
  /// Returns the hash of its name; 0 outside of all layers.
  std::uint64_t layer() const { return place_ == nullptr ? 0 : place_->hash; }

  /// True if every record has its times.
  bool timed() const { return timed_; }
  /// Returns the nanoseconds of a steady clock.
  static double now();
  /// Of all records in order, if they are timed.
  std::vector<RecordTime>& times() { return times_; }
  std::span<const RecordTime> times() const { return times_; }

  void begin(bool timed) { timed_ = timed; }
  void end() noexcept;
  /// Frees all memory.
  void clear();
  std::size_t bytes_used() const { return memory_.used(); }
  std::size_t capacity() const { return memory_.capacity(); }

 private:
  const Record* last_ = nullptr;
  const Place* place_ = nullptr;
  bool timed_ = false;
  std::vector<RecordTime> times_;
  Arena memory_;
};

}  // namespace tapedeck::detail
