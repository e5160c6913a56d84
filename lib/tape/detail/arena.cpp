#include "tapedeck/tape/detail/arena.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace tapedeck::detail {
namespace {

constexpr std::size_t first_chunk = std::size_t{1} << 16U;

}  // namespace

void Arena::Free::operator()(std::byte* chunk) const {
  ::operator delete (chunk, std::align_val_t{alignment});
}

void Arena::fill(void* block, std::size_t bytes, std::uint32_t word) {
  auto* to = static_cast<std::byte*>(block);
  for (std::size_t i = 0; i < bytes; i += sizeof(word)) std::memcpy(to + i, &word, sizeof(word));
}

void* Arena::reuse(std::size_t bytes) {
  for (FreeBlock** at = &free_; *at != nullptr; at = &(*at)->next) {
    if ((*at)->bytes == bytes) return std::exchange(*at, (*at)->next);
  }
  return nullptr;
}

void Arena::next_chunk(std::size_t bytes) {
  while (used_chunks_ < chunks_.size() && chunks_[used_chunks_].bytes < bytes) ++used_chunks_;
  if (used_chunks_ == chunks_.size()) {
    const std::size_t size = std::max(bytes, chunks_.empty() ? first_chunk : 2 * chunks_.back().bytes);
    chunks_.reserve(chunks_.size() + 1);
    auto* memory = static_cast<std::byte*>(::operator new (size, std::align_val_t{alignment}));
    chunks_.push_back({std::unique_ptr<std::byte, Free>(memory), size});
  }
  next_ = chunks_[used_chunks_].memory.get();
  end_ = next_ + chunks_[used_chunks_].bytes;
  ++used_chunks_;
}

void Arena::rewind() {
  free_ = nullptr;
  if (chunks_.empty()) return;
  used_chunks_ = 1;
  next_ = chunks_.front().memory.get();
  end_ = next_ + chunks_.front().bytes;
}

std::size_t Arena::capacity() const {
  std::size_t sum = 0;
  for (const Chunk& chunk : chunks_) sum += chunk.bytes;
  return sum;
}

std::size_t Arena::used() const {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < used_chunks_; ++i) sum += chunks_[i].bytes;
  return sum - static_cast<std::size_t>(end_ - next_);
}

}  // namespace tapedeck::detail
