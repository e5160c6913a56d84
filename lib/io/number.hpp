#pragma once

/// @file
/// Decimal numbers out of text, exactly rounded.

#include <array>
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

/// 5^0, 5^1, ...: the powers that fit into 64 bits.
inline constexpr auto powers_of_five = [] {
  std::array<std::uint64_t, 28> powers{1};
  for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = 5 * powers[i - 1];
  return powers;
}();

__extension__ using Bytes16 = unsigned __int128;

/// digits / 10^power, rounded once; digits are not 0, power at most 27. The quotient by 5^power has 62 bits
/// or 63: those that do not fit into a double, and a last one that says whether anything remains, decide.
inline double rounded_quotient(std::uint64_t digits, int power) {
  const int digits_shift = std::countl_zero(digits);
  const std::uint64_t five = powers_of_five[static_cast<std::size_t>(power)];
  const int divisor_shift = std::countl_zero(five);
  const Bytes16 dividend = static_cast<Bytes16>(digits << digits_shift) << 62;  // 2^125 and more
  const std::uint64_t divisor = five << divisor_shift;                          // 2^63 and more
  const auto quotient = static_cast<std::uint64_t>(dividend / divisor);
  const bool remains = static_cast<Bytes16>(quotient) * divisor != dividend;
  const auto rounded = static_cast<double>(static_cast<std::int64_t>(quotient | (remains ? 1U : 0U)));
  const int exponent = divisor_shift - digits_shift - 62 - power;
  return rounded * std::bit_cast<double>(static_cast<std::uint64_t>(1023 + exponent) << 52U);
}

/// digits 10^exponent, if one rounding gives it: both factors are doubles without rounding, so that their
/// product or quotient is the nearest double (Clinger, PLDI 1990), or the quotient fits into integers.
inline bool scaled(std::uint64_t digits, int exponent, double& x) {
  if (digits <= std::uint64_t{1} << 53U && exponent >= -22 && exponent <= 22) {
    x = exponent < 0 ? static_cast<double>(digits) / powers_of_ten[-exponent]
                     : static_cast<double>(digits) * powers_of_ten[exponent];
    return true;
  }
  if (digits == 0 || exponent >= 0 || exponent < -27) return false;
  x = rounded_quotient(digits, -exponent);
  return true;
}

// --- Eight characters at a time: the first one in the lowest byte, as the value that it has as a digit

inline std::uint64_t eight_characters(const char* text) {
  static_assert(std::endian::native == std::endian::little, "the first character is the lowest byte");
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, text, sizeof bytes);
  return bytes ^ 0x3030303030303030U;
}

/// Bit i is set if byte i is no digit's value, 0 to 9.
inline unsigned beyond_nine(std::uint64_t bytes) {
  const std::uint64_t low = bytes & 0x7f7f7f7f7f7f7f7fU;
  const std::uint64_t high_bits = ((low + 0x7676767676767676U) | bytes) & 0x8080808080808080U;
  return static_cast<unsigned>(((high_bits >> 7U) * 0x0102040810204080U) >> 56U);
}

/// The number whose eight digits the bytes are: pairs, then fours, then all.
inline std::uint64_t eight_digits(std::uint64_t bytes) {
  constexpr std::uint64_t pairs = 0x000000ff000000ffU;
  bytes = bytes * 10 + (bytes >> 8U);
  return ((bytes & pairs) * ((std::uint64_t{1000000} << 32U) + 100) +
          ((bytes >> 16U) & pairs) * ((std::uint64_t{10000} << 32U) + 1)) >>
         32U;
}

// --- Numbers at the beginning of a text

/// How many bytes of a text that is read as a number may follow its beginning, whatever they are.
inline constexpr std::size_t decimal_window = 18;

/// What short_decimal() does with its first bytes: `others` has a bit for each that is no digit's value. Left
/// to itself, GCC calls it, which is a quarter of the time.
template <class Bytes>
[[gnu::always_inline]] inline const char* decimal_within(const char* text, Bytes bytes, unsigned others,
                                                         double& magnitude) {
  constexpr int width = sizeof(Bytes);
  others |= 1U << width;
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
  magnitude = static_cast<double>(number) / powers_of_ten[digits - whole];  // rounded once
  return text + size;
}

/// read_decimal() without a branch for each character, for numbers that end within 8 or 16 bytes behind their
/// sign: a point before, among or behind the digits or none, no exponent. Null for any other text, of which
/// `decimal_window` bytes must be there.
inline const char* short_decimal(const char* text, double& x) {
  const bool negative = *text == '-';
  text += negative ? 1 : 0;
  double magnitude = 0;
  const std::uint64_t low = eight_characters(text);
  unsigned others = beyond_nine(low);
  const char* end = decimal_within(text, low, others, magnitude);
  if (end == nullptr) {
    const std::uint64_t high = eight_characters(text + 8);
    others |= beyond_nine(high) << 8U;
    end = decimal_within(text, static_cast<Bytes16>(high) << 64U | low, others, magnitude);
    if (end == nullptr) return nullptr;
  }
  x = std::bit_cast<double>(std::bit_cast<std::uint64_t>(magnitude) | std::uint64_t{negative} << 63U);
  return end;
}

/// Takes digits off the text, which some other character must end, and puts them behind those before; of the
/// text, `decimal_window` bytes must be there.
inline const char* take_digits(const char* text, std::uint64_t& digits) {
  for (std::uint64_t eight = eight_characters(text); beyond_nine(eight) == 0;
       eight = eight_characters(text)) {
    digits = digits * 100000000 + eight_digits(eight);
    text += 8;
  }
  for (; static_cast<unsigned char>(*text - '0') < 10; ++text) {
    digits = 10 * digits + static_cast<unsigned char>(*text - '0');
  }
  return text;
}

/// Reads what a number at the beginning of a text is, up to the first character that does not belong to it;
/// the text must end in one, and `decimal_window` more bytes must be there. Null if there is none, or none
/// that is finite.
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
