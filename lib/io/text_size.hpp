#pragma once

#include <cstdint>

#include "io/source.hpp"
#include "tapedeck/core/matrix.hpp"

namespace tapedeck::detail {

/// How large a text is: bytes, and lines without empty ones at the end.
struct TextSize {
  std::uint64_t bytes = 0;
  Index lines = 0;
};

/// Reads all of the source.
TAPEDECK_API TextSize text_size(Source& source);

}  // namespace tapedeck::detail
