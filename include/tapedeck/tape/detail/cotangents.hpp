#pragma once

/// @file
/// Internal: where the cotangents of a pass's entries are added up.

#include <cstddef>
#include <cstdint>

#include "tapedeck/param/gradients.hpp"
#include "tapedeck/tape/detail/values.hpp"

namespace tapedeck::detail {

/// Memory for contributions to a cotangent. The first one is written, later ones are added.
struct Target {
  void* data;
  std::uint8_t* written;  ///< the flag that says whether there was a first one
};

/// Cotangents of parameters are those of the Gradients that are filled, if any; all others belong to the
/// entries.
class TAPEDECK_API Cotangents {
 public:
  /// Returns where a contribution to an entry goes.
  Target target(Values& values, std::uint32_t i) {
    if (gradients_ != nullptr && values.is_parameter(i)) {
      return {gradient_memory_ + gradient_slots_[i].offset * gradient_size_, gradients_->touch(i)};
    }
    Entry& e = values[i];
    if (e.cotangent == nullptr) e.cotangent = values.allocate(e.bytes());
    return {e.cotangent, &e.written};
  }
  /// Adds a matrix of the pass's scalar.
  void add(Values& values, std::uint32_t i, Scalar scalar, const void* cotangent);
  /// Returns the cotangent of an entry that belongs to it: zeros if nothing was contributed.
  static const void* read(Values& values, std::uint32_t i);
  /// Returns what was contributed to any entry; null if nothing was.
  const void* contributed(const Values& values, std::uint32_t i) const;

  /// Adds up parameters' cotangents in `gradients` from now on; null: in the entries.
  void fill(Gradients* gradients);

 private:
  Gradients* gradients_ = nullptr;
  std::byte* gradient_memory_ = nullptr;
  const Extents::Extent* gradient_slots_ = nullptr;  // where in that memory, in elements
  std::size_t gradient_size_ = 0;                    // of an element, in bytes
};

}  // namespace tapedeck::detail
