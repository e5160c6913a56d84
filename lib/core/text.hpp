#pragma once

/// @file
/// What was given, put into words.

#include <sstream>
#include <string>
#include <string_view>

namespace tapedeck {

/// A number as short as it can be read: 1e-09, not 0.000000.
inline std::string to_text(double x) {
  std::ostringstream text;
  text << x;
  return text.str();
}

/// Whether a character may stand in the name of a parameter or layer.
constexpr bool in_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/// A name that somebody gave, in quotes. What is not printable ASCII is written \x00, so that a message stays
/// one line and does not end at a NUL; a name beyond 100 bytes is cut.
inline std::string in_quotes(std::string_view name) {
  constexpr std::size_t longest = 100;
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text = "\"";
  for (const char c : name.substr(0, longest)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      text += c;
    } else {
      text += "\\x";
      text += digits[byte >> 4U];
      text += digits[byte & 0xfU];
    }
  }
  return text + (name.size() > longest ? "...\"" : "\"");
}

}  // namespace tapedeck
