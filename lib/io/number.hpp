#pragma once

/// @file
/// Decimal numbers out of text, exactly rounded.

#include <cfloat>
#include <charconv>
#include <cstdint>
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

/// digits 10^exponent, if a single operation gives it: both factors are doubles without rounding, so that
/// their product or quotient is the nearest double (Clinger, PLDI 1990).
inline bool scaled(std::uint64_t digits, int exponent, double& x) {
  constexpr double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                               1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  if (digits > std::uint64_t{1} << 53U || exponent < -22 || exponent > 22) return false;
  x = exponent < 0 ? static_cast<double>(digits) / powers[-exponent]
                   : static_cast<double>(digits) * powers[exponent];
  return true;
}

/// Takes digits off the text, which some other character must end, and puts them behind those before.
inline const char* take_digits(const char* text, std::uint64_t& digits) {
  for (; static_cast<unsigned char>(*text - '0') < 10; ++text) {
    digits = 10 * digits + static_cast<unsigned char>(*text - '0');
  }
  return text;
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
