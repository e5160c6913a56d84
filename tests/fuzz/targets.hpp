#pragma once

/// @file
/// The readers of files, each called with any bytes. Whatever one throws is a finding; a sanitizer's report,
/// of course, as well.

#include <string_view>

namespace fuzz {

/// The first two bytes choose among read_csv()'s options, the others are the table, which may be compressed.
void csv(std::string_view bytes);
void idx(std::string_view bytes);
void safetensors(std::string_view bytes);

}  // namespace fuzz
