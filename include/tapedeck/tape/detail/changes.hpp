#pragma once

/// @file
/// Internal: notices when parameters, buffers or borrowed data change between the forward pass and backward.

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "tapedeck/core/api.hpp"

namespace tapedeck::detail {

class Pass;
struct Record;

/// What a pass knows of changes: the store's count of changes at each entry, and checksums.
class TAPEDECK_API Changes {
 public:
  /// A count that no store reaches.
  static constexpr std::uint64_t no_count = std::numeric_limits<std::uint64_t>::max();

  /// Of a kept input that is not the pass's memory, when its record was made.
  struct Checksum {
    std::uint32_t first_output;  ///< of the record
    std::uint32_t input;
    std::uint64_t sum;
  };

  /// Returns true if the store has this count since the last note(), and recording is open.
  bool is_current(std::uint64_t count) const { return count == current_; }
  /// Notes the count at which the entries from `first_entry` on are made.
  void note(std::uint32_t first_entry, std::uint64_t count);
  /// While recording is closed no count is current, so that one comparison in front of a record tells both.
  void close_recording() { current_ = no_count; }
  void open_recording() { current_ = noted_.back().count; }
  /// The count when the first entry was made.
  std::uint64_t first_count() const { return noted_.front().count; }
  /// The count when an entry was made.
  std::uint64_t count_at(std::uint32_t entry) const;

  void add(const Checksum& checksum) { checksums_.push_back(checksum); }
  /// Those of one record.
  std::span<const Checksum> checksums_of(const Record& record) const;

  void end() noexcept;
  /// Frees all memory.
  void clear();

 private:
  struct Noted {
    std::uint32_t first_entry;
    std::uint64_t count;
  };
  std::vector<Noted> noted_;
  std::uint64_t current_ = 0;
  std::vector<Checksum> checksums_;  // in the order of records
};

/// Notes checksums of what a record keeps that is not the pass's memory.
TAPEDECK_API void note_checksums(Pass& pass, const Record& record);
/// Throws UsageError if a reached record keeps a parameter or buffer that has changed since it was made, or,
/// on a tape that checks, anything that was written to.
void require_same_values(const Pass& pass, const Record& record);

}  // namespace tapedeck::detail
