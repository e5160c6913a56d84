#pragma once

/// @file
/// What a tape writes into, reused from pass to pass.

#include "tapedeck/tape/detail/pass.hpp"

namespace tapedeck {

/// The working memory of one tape at a time. It grows during the first pass and is kept, so that later passes
/// of the same shapes allocate nothing. One Memory for each tape that is open at once; it may serve tapes on
/// different stores one after another.
class TAPEDECK_API Memory {
 public:
  /// Holds nothing until the first pass.
  Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  /// Ends a tape that is still open on it.
  ~Memory();

  /// What it holds on to, in bytes.
  std::size_t capacity() const { return pass_->capacity(); }

 private:
  friend class Tape;
  detail::Pass* pass_;
};

}  // namespace tapedeck
