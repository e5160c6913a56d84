#pragma once

/// @file
/// Internal: one matrix of a pass.

#include <cstddef>
#include <cstdint>

#include "tapedeck/core/matrix.hpp"

namespace tapedeck::detail {

/// A parameter, a buffer, an input, or a matrix that an op computed or saved.
struct Entry {
  void* data;
  void* cotangent;  ///< null until something is contributed to it
  std::uint32_t rows, cols;
  std::uint32_t root;  ///< the entry whose memory this one shares; itself if none
  Element element;
  bool wanted;           ///< it depends on a parameter or variable whose cotangent is wanted
  std::uint8_t written;  ///< the cotangent holds a contribution
  bool variable : 1;     ///< a leaf: its cotangent is kept for the user
  bool input : 1;        ///< put on the tape by its user
  bool owned : 1;        ///< its memory, or that of its root, is the pass's, and may be released
  bool released : 1;     ///< its memory went back to the arena

  Shape shape() const { return {rows, cols}; }
  std::size_t bytes() const { return shape().size() * size_in_bytes(element); }
};

}  // namespace tapedeck::detail
