#pragma once

/// @file
/// Functions of Values, called with as many as they take. For the rooms that are handed functions to try.

#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

#include "tapedeck/tape/value.hpp"

namespace tapedeck::detail {

/// How many Values, 1 to 4, a callable takes to give a Value; 0 if it is no such function.
template <class F, class... Values>
constexpr std::size_t values_taken() {
  if constexpr (std::is_invocable_r_v<Value, const F&, const Value&, const Values&...>) {
    return 1 + sizeof...(Values);
  } else if constexpr (sizeof...(Values) < 3) {
    return values_taken<F, Values..., Value>();
  } else {
    return 0;
  }
}

/// f(values[0], values[1], ...) with as many as it takes.
template <class F>
Value call(F& f, const std::vector<Value>& values) {
  return [&]<std::size_t... I>(std::index_sequence<I...>)->Value { return f(values[I]...); }
  (std::make_index_sequence<values_taken<F>()>{});
}

}  // namespace tapedeck::detail
