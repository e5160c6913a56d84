#pragma once

/// @file
/// Handles: which parameter, which buffer. The numbers themselves live in a ParameterStore.

#include <cstdint>

namespace tapedeck {

/// Names a slot of a store and of every copy of that store. Which values it means is decided by the store
/// that a tape is bound to; a store of another family refuses it.
template <class Kind>
class Handle {
 public:
  /// Belongs to no store; using it throws HandleError.
  Handle() = default;
  /// For stores: `add` gives handles.
  Handle(std::uint64_t family, std::uint32_t slot) : family_(family), slot_(slot) {}

  /// A number that a store shares with its copies and with nothing else; 0 for no store.
  std::uint64_t family() const { return family_; }
  /// Counts the store's parameters, or its buffers, from 0 in the order of addition.
  std::uint32_t slot() const { return slot_; }
  /// The same slot of the same family.
  friend bool operator==(Handle, Handle) = default;

 private:
  std::uint64_t family_ = 0;  // 0: belongs to no store
  std::uint32_t slot_ = 0;
};

/// A trained matrix: it has a value and a gradient.
using Parameter = Handle<struct ParameterKind>;
/// State that is kept but not trained, such as running statistics.
using Buffer = Handle<struct BufferKind>;

}  // namespace tapedeck
