#pragma once

/// @file
/// What was given, put into words.

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>

namespace tapedeck {

/// A number with at most so many significant digits: 1e-09, not 0.000000. Whatever the program's locale is,
/// with a decimal point.
inline std::string to_text(double x, int digits = 6) {
  std::array<char, 32> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), x,
                                          std::chars_format::general, std::min(digits, 17));
  return {text.data(), end};
}

/// A number with so many digits after the decimal point.
inline std::string to_fixed(double x, int digits) {
  std::array<char, 400> text{};  // 2^1024 has 309 digits
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), x, std::chars_format::fixed,
                                          std::min(digits, 17));
  return {text.data(), end};
}

/// Returns the texts of the elements with a separator between them; `text_of(element)` gives one.
template <class Elements, class TextOf>
std::string joined(const Elements& elements, std::string_view separator, const TextOf& text_of) {
  std::string text;
  bool first = true;
  for (const auto& element : elements) {
    if (!first) text += separator;
    text += text_of(element);
    first = false;
  }
  return text;
}

/// The most bytes in the name of a parameter, and of a matrix in a file.
inline constexpr std::size_t longest_name = 512;

/// Whether a character may stand in the name of a parameter or layer.
constexpr bool in_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/// The character, in lower case if it is one of ASCII's letters.
constexpr char in_lower_case(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

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
