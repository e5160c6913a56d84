#pragma once

/// @file
/// Internal: what tapes and optimizers of the library know of a store that its users need not.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "tapedeck/core/api.hpp"
#include "tapedeck/param/detail/store_layout.hpp"

namespace tapedeck {

class ParameterStore;
class ParameterView;

namespace detail {

/// The last change of a parameter's or buffer's values that the library made.
struct Change {
  std::uint64_t number = 0;  ///< counts the changes of a store, from 1; 0 for none
  const char* by = "";       ///< what changed them: "the optimizer's step", "reset", ...
};

/// What a store has besides its numbers.
class StoreInternals {
 public:
  /// That of another store, for a copy of it, or a new one.
  explicit StoreInternals(std::shared_ptr<StoreLayout> layout) : layout_(std::move(layout)) {}

  /// Names, shapes, groups; where matrices lie only once the store is sealed.
  const StoreLayout& layout() const { return *layout_; }
  /// The same, for what may outlive the store.
  std::shared_ptr<const StoreLayout> shared_layout() const { return layout_; }
  /// What the store shares with its copies, see Handle.
  std::uint64_t family() const { return layout_->family; }
  /// Tells the stores of a process apart, copies too.
  std::uint64_t number() const { return number_; }
  /// Expired once the store is destroyed.
  std::weak_ptr<const void> lifetime() const { return lifetime_; }

  /// By slot number: 0 where a parameter is trained.
  const std::vector<std::uint8_t>& frozen() const { return frozen_; }
  /// Counts training passes; a tape that is not told its step takes the next one.
  std::uint64_t next_pass() { return passes_.fetch_add(1, std::memory_order_relaxed); }

  /// Counts the changes of values and buffers by optimizers, `reset`, `initialize`, `blend` and restored
  /// states. What is written through `value()`, `buffer()` or `values()` is not counted.
  std::uint64_t change_count() const { return change_count_; }
  /// The last change of parameter `slot`, or of buffer `slot - size()`.
  const Change& last_change(std::uint32_t slot) const { return changes_[slot]; }
  /// Begins a change, of which note_change() then tells what was changed. `by` must live for ever.
  Change next_change(const char* by) noexcept { return {++change_count_, by}; }
  /// Notes that parameter `slot`, or buffer `slot - size()`, was changed: tapes that keep its values refuse
  /// to go back. The store must be sealed.
  void note_change(std::uint32_t slot, const Change& change) noexcept { changes_[slot] = change; }
  /// Notes a change of everything.
  void note_change(const char* by) noexcept { std::fill(changes_.begin(), changes_.end(), next_change(by)); }

 private:
  friend class tapedeck::ParameterStore;
  friend class tapedeck::ParameterView;

  std::shared_ptr<StoreLayout> layout_;  // shared with copies; not written to once sealed
  std::vector<std::uint8_t> frozen_;
  std::atomic<std::uint64_t> passes_ = 0;
  std::vector<Change> changes_;  // of parameters, then of buffers; space for all once sealed
  std::uint64_t change_count_ = 0;
  const std::uint64_t number_ = unique_number();
  std::shared_ptr<const void> lifetime_ = std::make_shared<char>();
};

/// Internal: called at the beginning of a store's destructor. The tape sets it: its module may include this
/// one, but not the reverse.
extern TAPEDECK_API std::atomic<void (*)(ParameterStore&)> store_ends;

}  // namespace detail
}  // namespace tapedeck
