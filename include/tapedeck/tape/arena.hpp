#pragma once

/// @file
/// Internal: memory that is handed out in a row and taken back all at once.

#include <cstddef>
#include <cstring>
#include <memory>
#include <vector>

#include "tapedeck/core/api.hpp"

namespace tapedeck::detail {

/// A bump allocator over chunks that are kept from pass to pass: a pass that asks for what the one before
/// asked for allocates nothing. Blocks are aligned to 64 bytes and hold what was left in them.
class TAPEDECK_API Arena {
 public:
  static constexpr std::size_t alignment = 64;

  void* allocate(std::size_t bytes) {
    bytes = (bytes + alignment - 1) / alignment * alignment;
    void* block = take(bytes);
#ifdef TAPEDECK_POISON
    if (bytes > 0)
      std::memset(block, 0xff, bytes);  // NaN as float and as double: whoever reads first is found out
#endif
    return block;
  }

  /// Takes one block back early, to be handed out again to whoever asks for the same size. Allocates nothing:
  /// destructors call it.
  void release(void* block, std::size_t bytes) noexcept {
    if (bytes > 0) free_.push_back({(bytes + alignment - 1) / alignment * alignment, block});
  }

  /// Takes everything back; keeps the chunks.
  void rewind();

  /// In all chunks, used or not.
  std::size_t capacity() const;

  /// Handed out since the last rewind, taken back or not, with what was left over at the ends of chunks.
  std::size_t used() const;

 private:
  struct Free {
    void operator()(std::byte* chunk) const;
  };
  struct Chunk {
    std::unique_ptr<std::byte, Free> memory;
    std::size_t bytes;
  };
  struct Block {
    std::size_t bytes;
    void* memory;
  };

  void* take(std::size_t bytes) {
    if (!free_.empty()) {
      if (const Block last = free_.back(); last.bytes == bytes) {
        free_.pop_back();
        return last.memory;
      }
      if (void* block = reuse(bytes)) return block;
    }
    if (blocks_ == free_.capacity()) free_.reserve(2 * blocks_ + 16);  // so that all of them can be released
    if (bytes > static_cast<std::size_t>(end_ - next_)) next_chunk(bytes);
    std::byte* block = next_;
    next_ += bytes;
    ++blocks_;
    return block;
  }
  void* reuse(std::size_t bytes);
  void next_chunk(std::size_t bytes);

  std::byte* next_ = nullptr;
  std::byte* end_ = nullptr;
  std::vector<Chunk> chunks_;
  std::size_t used_chunks_ = 0;
  std::size_t blocks_ = 0;   // handed out since the last rewind
  std::vector<Block> free_;  // has room for all of them
};

}  // namespace tapedeck::detail
