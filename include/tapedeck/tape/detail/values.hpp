#pragma once

/// @file
/// Internal: the table of a pass's matrices, and the memory of those that the pass owns.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tapedeck/param/parameter_store.hpp"
#include "tapedeck/tape/detail/arena.hpp"
#include "tapedeck/tape/detail/entry.hpp"

namespace tapedeck::detail {

/// The entries of a pass. The first ones are the store's parameters, then its buffers, by slot; they stay in
/// the table from pass to pass. Behind them entries are appended as the pass is recorded.
///
/// Entries have numbers that count through all passes of the table and never fall, so that the number of an
/// entry of an earlier pass is recognized as out of range.
class TAPEDECK_API Values {
 public:
  Entry& operator[](std::uint32_t i) { return entries_[i]; }
  const Entry& operator[](std::uint32_t i) const { return entries_[i]; }
  std::uint32_t size() const { return static_cast<std::uint32_t>(entries_.size()); }
  std::span<Entry> all() { return entries_; }
  std::span<const Entry> all() const { return entries_; }

  /// Parameters are the entries 0, 1, ...; buffers follow.
  std::uint32_t parameter_count() const { return parameter_count_; }
  bool is_parameter(std::uint32_t i) const { return i < parameter_count_; }
  bool is_stored(std::uint32_t i) const { return i < stored_count_; }

  std::uint64_t number_of(std::uint32_t i) const { return base_ + i; }
  /// Returns the entry of a number; at least size() if the present pass has none.
  std::uint64_t find(std::uint64_t number) const { return number - base_; }

  /// Throws ShapeError for a shape that an entry cannot hold.
  static void require_size(Shape shape) {
    if ((((shape.rows | shape.cols) >> 32U) | (shape.size() >> 44U)) != 0) refuse_size(shape);
  }
  /// Appends an entry with memory of its own, whose elements are not set.
  std::uint32_t append(Element element, Shape shape, bool wanted) {
    require_size(shape);
    void* data = allocate(shape.size() * size_in_bytes(element));
    const std::uint32_t i = append_view(element, shape, data, wanted);
    entries_[i].owned = true;
    return i;
  }
  /// Appends an entry on memory that outlives the pass.
  std::uint32_t append_view(Element element, Shape shape, void* data, bool wanted) {
    const auto i = static_cast<std::uint32_t>(entries_.size());
    entries_.push_back({data, nullptr, static_cast<std::uint32_t>(shape.rows),
                        static_cast<std::uint32_t>(shape.cols), i, element, wanted, 0, false, false, false,
                        false});
    return i;
  }
  /// Appends an entry that shares the memory of another and depends on nothing.
  std::uint32_t append_alias(std::uint32_t of);
  /// Appends an entry on the user's memory, which may be that of a parameter or buffer.
  std::uint32_t append_borrowed(Element element, Shape shape, void* data) {
    require_size(shape);
    const std::uint32_t i = append_view(element, shape, data, false);
    if (parameters_.holds(data) || buffers_.holds(data)) entries_[i].root = stored_at(data);
    return i;
  }
  /// Gives back the memory of entries first, first + 1, ... except `kept` and those that share its memory.
  void release(std::uint32_t first, std::uint32_t kept) {
    const std::uint32_t shared = entries_[kept].root;
    for (std::uint32_t i = first; i < size(); ++i) {
      Entry& e = entries_[i];
      if (e.released || !e.owned || e.root == shared || e.root < first) continue;
      if (e.root == i) memory_.release(e.data, e.bytes());
      e.released = true;
    }
  }

  /// Returns memory that lives until the pass ends, or until it is given back. On passes that look for unset
  /// elements it holds the poison.
  void* allocate(std::size_t bytes) {
    void* data = memory_.allocate(bytes);
    if (poison_ != 0) Arena::fill(data, bytes, poison_);
    return data;
  }
  /// The same without the poison.
  void* allocate_scratch(std::size_t bytes) { return memory_.allocate(bytes); }
  void give_back(void* memory, std::size_t bytes) { memory_.release(memory, bytes); }

  /// Sets what memory holds before it is set; 0: whatever an earlier pass left there.
  void set_poison(std::uint32_t poison) { poison_ = poison; }
  /// Begins a pass over a sealed store. Parameters and buffers are listed again only if the store, its frozen
  /// parameters or `train` differ from the pass before. If it throws, the next pass lists them again.
  void begin(ParameterStore& store, bool train);
  /// Ends a pass: the memory is kept for the next one.
  void end() noexcept;
  /// Frees all memory. Numbers of earlier passes stay out of range.
  void clear();

  std::size_t bytes_used() const { return memory_.used(); }
  std::size_t capacity() const { return memory_.capacity() + entries_.capacity() * sizeof(Entry); }

 private:
  /// Where the store keeps its parameters, or its buffers.
  struct Range {
    const std::byte* begin = nullptr;
    std::size_t bytes = 0;
    bool holds(const void* address) const {
      return reinterpret_cast<std::uintptr_t>(address) - reinterpret_cast<std::uintptr_t>(begin) < bytes;
    }
  };
  /// What the stored entries were made from.
  struct Listed {
    std::uint64_t store = 0;  ///< its number; 0: none
    bool train = false;
    std::vector<std::uint8_t> frozen;
  };

  [[noreturn]] static void refuse_size(Shape shape);
  bool lists(const ParameterStore& store, bool train) const;
  void list(ParameterStore& store, bool train);
  std::uint32_t stored_at(const void* data) const;

  std::uint64_t base_ = 0;  // the number of entry 0
  std::vector<Entry> entries_;
  std::uint32_t parameter_count_ = 0;
  std::uint32_t stored_count_ = 0;
  Range parameters_;
  Range buffers_;
  Listed listed_;
  Arena memory_;
  std::uint32_t poison_ = 0;
};

}  // namespace tapedeck::detail
