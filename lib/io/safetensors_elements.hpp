#pragma once

/// @file
/// The types that elements of tensors have in files, and what becomes of them here.

#include <bit>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "io/safetensors_header.hpp"
#include "tapedeck/core/matrix.hpp"

namespace tapedeck::io {

/// IEEE's binary16: a sign, 5 bits of exponent with a bias of 15, 10 bits of fraction.
struct Half {
  std::uint16_t bits;
};
/// The upper half of a float.
struct BFloat16 {
  std::uint16_t bits;
};
/// One byte.
struct Boolean {
  std::uint8_t byte;
};

inline float decoded(float x) { return x; }
inline double decoded(double x) { return x; }
inline float decoded(BFloat16 x) { return std::bit_cast<float>(std::uint32_t{x.bits} << 16U); }

/// Exact. Exponent and fraction in float's places are a float that is 2^112 times too small, also where the
/// number is denormal; the exponent of infinities and NaNs stays all ones.
inline float decoded(Half x) {
  const std::uint32_t sign = (x.bits & 0x8000U) << 16U;
  const std::uint32_t magnitude = (x.bits & 0x7fffU) << 13U;
  constexpr std::uint32_t infinity = 0x7c00U << 13U;
  const std::uint32_t bits = magnitude >= infinity
                                 ? magnitude | 0x7f800000U
                                 : std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude) * 0x1p112F);
  return std::bit_cast<float>(sign | bits);
}

inline Index decoded(Boolean x) { return x.byte != 0 ? 1 : 0; }

/// A negative number becomes 2^64 larger: the Index with the same 64 bits.
template <class T>
requires std::is_integral_v<T> Index decoded(T x) {
  return static_cast<Index>(static_cast<std::conditional_t<std::is_signed_v<T>, std::int64_t, Index>>(x));
}

/// What elements of a type become: float, double or Index.
template <class Stored>
using Decoded = decltype(decoded(std::declval<Stored>()));

/// Whether a matrix can hold the elements: all but C64 and numbers of 8 bits and fewer.
constexpr bool is_readable(Dtype dtype) { return dtype <= Dtype::boolean; }

/// Whether the type has negative numbers that an Index cannot be.
constexpr bool is_signed_integer(Dtype dtype) {
  return dtype == Dtype::i64 || dtype == Dtype::i32 || dtype == Dtype::i16 || dtype == Dtype::i8;
}

/// Calls `body` with an element of a readable type as its argument: `with_stored(t.dtype, [&](auto zero)
/// {})`.
template <class Body>
decltype(auto) with_stored(Dtype dtype, Body&& body) {
  switch (dtype) {
    case Dtype::f64:
      return body(double{});
    case Dtype::f32:
      return body(float{});
    case Dtype::f16:
      return body(Half{});
    case Dtype::bf16:
      return body(BFloat16{});
    case Dtype::i64:
      return body(std::int64_t{});
    case Dtype::i32:
      return body(std::int32_t{});
    case Dtype::i16:
      return body(std::int16_t{});
    case Dtype::i8:
      return body(std::int8_t{});
    case Dtype::u64:
      return body(std::uint64_t{});
    case Dtype::u32:
      return body(std::uint32_t{});
    case Dtype::u16:
      return body(std::uint16_t{});
    case Dtype::u8:
      return body(std::uint8_t{});
    default:
      return body(Boolean{});
  }
}

}  // namespace tapedeck::io
