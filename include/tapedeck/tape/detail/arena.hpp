#pragma once

/// @file
/// Internal: memory that is handed out in a row and taken back all at once.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "tapedeck/core/api.hpp"

namespace tapedeck::detail {

/// A bump allocator over chunks that are kept from pass to pass: a pass that asks for what the one before
/// asked for allocates nothing. Blocks are aligned to 64 bytes and hold what was left in them.
class TAPEDECK_API Arena {
 public:
  static constexpr std::size_t alignment = 64;
  /// The word that marks memory which nobody has set: NaN as float and as double, out of range as an index.
  static constexpr std::uint32_t poison = 0xffffffff;

  void* allocate(std::size_t bytes) {
    bytes = (bytes + alignment - 1) / alignment * alignment;
    void* block = take(bytes);
#ifdef TAPEDECK_POISON
    fill(block, bytes, poison);
#endif
    return block;
  }

  /// Repeats a word through a block, whose size is a multiple of the word's.
  static void fill(void* block, std::size_t bytes, std::uint32_t word);

  /// Takes one block back early, to be handed out again to whoever asks for the same size. Allocates nothing,
  /// since destructors call it: the list of free blocks lies in the blocks themselves.
  void release(void* block, std::size_t bytes) noexcept {
    if (bytes > 0) free_ = new (block) FreeBlock{free_, (bytes + alignment - 1) / alignment * alignment};
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
  struct FreeBlock {
    FreeBlock* next;
    std::size_t bytes;
  };

  void* take(std::size_t bytes) {
    if (free_ != nullptr) {
      if (free_->bytes == bytes) return std::exchange(free_, free_->next);
      if (void* block = reuse(bytes)) return block;
    }
    if (bytes > static_cast<std::size_t>(end_ - next_)) next_chunk(bytes);
    std::byte* block = next_;
    next_ += bytes;
    return block;
  }
  void* reuse(std::size_t bytes);
  void next_chunk(std::size_t bytes);

  std::byte* next_ = nullptr;
  std::byte* end_ = nullptr;
  std::vector<Chunk> chunks_;
  std::size_t used_chunks_ = 0;
  FreeBlock* free_ = nullptr;  // the block that was released last
};

}  // namespace tapedeck::detail
