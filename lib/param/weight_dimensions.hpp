#pragma once

#include "tapedeck/param/detail/store_layout.hpp"
#include "tapedeck/state/state_dict.hpp"

namespace tapedeck {

/// Returns the dimensions that a parameter has in files. A bias, a gain: what multiplies nothing is a vector
/// if it has one column.
inline Dimensions dimensions_of(const detail::StoreLayout::Slot& slot) {
  if (slot.shape.cols == 1 && slot.options.group != groups::weights) return {slot.shape.rows};
  return {slot.shape.rows, slot.shape.cols};
}
/// The same for a buffer, such as a running mean.
inline Dimensions dimensions_of(const detail::StoreLayout::BufferSlot& slot) {
  if (slot.shape.cols == 1) return {slot.shape.rows};
  return {slot.shape.rows, slot.shape.cols};
}

}  // namespace tapedeck
