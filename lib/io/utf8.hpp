#pragma once

#include <string_view>

#include "tapedeck/core/api.hpp"

namespace tapedeck::io {

/// How many bytes at the front are whole characters in UTF-8 (RFC 3629): all of them, if the text is
/// well-formed. Overlong forms, surrogates and what lies beyond U+10FFFF are not.
TAPEDECK_API std::size_t utf8_prefix(std::string_view text);
/// Whether all of the text is.
inline bool is_utf8(std::string_view text) { return utf8_prefix(text) == text.size(); }

}  // namespace tapedeck::io
