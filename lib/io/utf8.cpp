#include "io/utf8.hpp"

namespace tapedeck::io {
namespace {

struct Sequence {
  std::size_t size;      // in bytes; 0 for a byte that begins none
  unsigned char lowest;  // of the second byte
  unsigned char highest;
};

// Table 3-7 of the Unicode standard.
constexpr Sequence sequence(unsigned char first) {
  if (first < 0x80) return {1, 0, 0};
  if (first < 0xc2) return {0, 0, 0};
  if (first < 0xe0) return {2, 0x80, 0xbf};
  if (first == 0xe0) return {3, 0xa0, 0xbf};
  if (first == 0xed) return {3, 0x80, 0x9f};
  if (first < 0xf0) return {3, 0x80, 0xbf};
  if (first == 0xf0) return {4, 0x90, 0xbf};
  if (first < 0xf4) return {4, 0x80, 0xbf};
  if (first == 0xf4) return {4, 0x80, 0x8f};
  return {0, 0, 0};
}

bool in_range(char c, unsigned char lowest, unsigned char highest) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= lowest && byte <= highest;
}

}  // namespace

std::size_t utf8_prefix(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const Sequence s = sequence(static_cast<unsigned char>(text[at]));
    if (s.size == 0 || s.size > text.size() - at) return at;
    if (s.size > 1 && !in_range(text[at + 1], s.lowest, s.highest)) return at;
    for (std::size_t i = 2; i < s.size; ++i) {
      if (!in_range(text[at + i], 0x80, 0xbf)) return at;
    }
    at += s.size;
  }
  return at;
}

}  // namespace tapedeck::io
