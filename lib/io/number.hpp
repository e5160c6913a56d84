#pragma once

/// @file
/// Decimal numbers out of text, exactly rounded.

#include <bit>
#include <cfloat>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <system_error>

#include "tapedeck/core/api.hpp"

namespace tapedeck::detail {

enum class Number : std::uint8_t { finite, non_finite, out_of_range, none };

/// The number that the whole text is: digits with or without a point, a sign and an exponent, or nan, inf or
/// infinity in any case. Otherwise x is left as it is.
TAPEDECK_API Number parse_number(std::string_view text, double& x);

/// Up to this many digits fit into 64 bits.
inline constexpr int most_digits = 19;
static_assert(FLT_EVAL_METHOD == 0, "products of doubles are rounded once");

/// 10^0, 10^1, ...: the powers that are doubles without rounding.
inline constexpr double powers_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                           1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                           1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/// digits 10^exponent, if a single operation gives it: both factors are doubles without rounding, so that
/// their product or quotient is the nearest double (Clinger, PLDI 1990).
inline bool scaled(std::uint64_t digits, int exponent, double& x) {
  if (digits > std::uint64_t{1} << 53U || exponent < -22 || exponent > 22) return false;
  x = exponent < 0 ? static_cast<double>(digits) / powers_of_ten[-exponent]
                   : static_cast<double>(digits) * powers_of_ten[exponent];
  return true;
}

/// Takes digits off the text, which some other character must end, and puts them behind those before.
inline const char* take_digits(const char* text, std::uint64_t& digits) {
  for (; static_cast<unsigned char>(*text - '0') < 10; ++text) {
    digits = 10 * digits + static_cast<unsigned char>(*text - '0');
  }
  return text;
}

/// How many bytes of a text that short_decimal() looks at may follow its beginning.
inline constexpr std::size_t decimal_window = 18;

__extension__ using Bytes16 = unsigned __int128;

/// Bit i is set if byte i is no digit's value, 0 to 9.
inline unsigned beyond_nine(std::uint64_t bytes) {
  const std::uint64_t low = bytes & 0x7f7f7f7f7f7f7f7fU;
  const std::uint64_t high_bits = ((low + 0x7676767676767676U) | bytes) & 0x8080808080808080U;
  return static_cast<unsigned>(((high_bits >> 7U) * 0x0102040810204080U) >> 56U);
}

/// The number whose eight digits the bytes are, the first one in the lowest byte: pairs, then fours, then
/// all.
inline std::uint64_t eight_digits(std::uint64_t bytes) {
  constexpr std::uint64_t pairs = 0x000000ff000000ffU;
  bytes = bytes * 10 + (bytes >> 8U);
  return ((bytes & pairs) * ((std::uint64_t{1000000} << 32U) + 100) +
          ((bytes >> 16U) & pairs) * ((std::uint64_t{10000} << 32U) + 1)) >>
         32U;
}

/// read_decimal() without a branch for each character, for numbers that end within 8 or 16 bytes behind their
/// sign: a point before, among or behind the digits or none, no exponent. Null for any other text, of which
/// `decimal_window` bytes must be there.
template <class Bytes>
const char* short_decimal(const char* text, double& x) {
  static_assert(std::endian::native == std::endian::little, "the first character is the lowest byte");
  constexpr int width = sizeof(Bytes);
  const bool negative = *text == '-';
  text += negative ? 1 : 0;
  Bytes bytes = 0;
  std::memcpy(&bytes, text, width);
  bytes ^= static_cast<Bytes>(-1) / 255 * '0';
  unsigned others = beyond_nine(static_cast<std::uint64_t>(bytes)) | 1U << width;
  if constexpr (width == 16) others |= beyond_nine(static_cast<std::uint64_t>(bytes >> 64)) << 8U;
  const int whole = std::countr_zero(others);
  const int point = text[whole] == '.' ? 1 : 0;
  const int size = std::countr_zero(point != 0 ? others & (others - 1) : others);
  const int digits = size - point;
  if (size >= width || digits == 0 || (text[size] | 0x20) == 'e') return nullptr;

  const Bytes before_point = (Bytes{1} << 8 * whole) - 1;
  bytes = (bytes & before_point) | ((bytes >> 8 * point) & ~before_point);
  bytes <<= 8 * (width - digits);
  std::uint64_t number = eight_digits(static_cast<std::uint64_t>(bytes));
  if constexpr (width == 16) {
    number = number * 100000000 + eight_digits(static_cast<std::uint64_t>(bytes >> 64));
  }
  const double magnitude = static_cast<double>(number) / powers_of_ten[digits - whole];  // rounded once
  x = std::bit_cast<double>(std::bit_cast<std::uint64_t>(magnitude) | std::uint64_t{negative} << 63U);
  return text + size;
}

/// Reads what a number at the beginning of a text is, up to the first character that does not belong to it;
/// the text must end in one. Null if there is none, or none that is finite.
inline const char* read_decimal(const char* text, double& x) {
  const char* const begin = text;
  const bool negative = *text == '-';
  if (negative) ++text;
  std::uint64_t digits = 0;
  const char* const whole = text;
  text = take_digits(text, digits);
  auto count = text - whole;
  std::int64_t exponent = 0;
  if (*text == '.') {
    const char* const fraction = text + 1;
    text = take_digits(fraction, digits);
    exponent = fraction - text;
    count += text - fraction;
  }
  if (count == 0) return nullptr;
  bool simple = count <= most_digits;
  if (*text == 'e' || *text == 'E') {
    ++text;
    const bool down = *text == '-';
    if (down || *text == '+') ++text;
    std::uint64_t power = 0;
    const char* const first = text;
    text = take_digits(text, power);
    if (text == first) return nullptr;
    simple = simple && text - first <= 4;
    if (simple) exponent += down ? -static_cast<std::int64_t>(power) : static_cast<std::int64_t>(power);
  }
  if (simple && scaled(digits, static_cast<int>(exponent), x)) {
    if (negative) x = -x;
    return text;
  }
  const auto [end, error] = std::from_chars(begin, text, x);
  return error == std::errc() && end == text ? text : nullptr;
}

}  // namespace tapedeck::detail
