#pragma once

/// @file
/// Internal: functions of Values, called with as many as they take, for modules that call user-supplied
/// functions.

#include <concepts>
#include <cstddef>
#include <iterator>
#include <type_traits>
#include <vector>

#include "tapedeck/tape/detail/with_indices.hpp"
#include "tapedeck/tape/value.hpp"

namespace tapedeck::detail {

// A Value, or a range of them such as the array that an op with several outputs gives.
template <class R>
concept Outputs = std::convertible_to<R, Value> || requires(const R& r) {
  { *std::begin(r) } -> std::convertible_to<Value>;
  std::end(r);
};

template <class F, class... Arguments>
concept GivesOutputs =
    std::invocable<const F&, Arguments...> && Outputs<std::invoke_result_t<const F&, Arguments...>>;

template <Outputs R>
void append(std::vector<Value>& outputs, const R& given) {
  if constexpr (std::convertible_to<R, Value>) {
    outputs.push_back(given);
  } else {
    outputs.insert(outputs.end(), std::begin(given), std::end(given));
  }
}

/// How many Values, 1 to 4, a callable takes to give outputs; 0 if it is no such function.
template <class F, class... Values>
constexpr std::size_t values_taken() {
  if constexpr (GivesOutputs<F, const Value&, const Values&...>) {
    return 1 + sizeof...(Values);
  } else if constexpr (sizeof...(Values) < 3) {
    return values_taken<F, Values..., Value>();
  } else {
    return 0;
  }
}

/// Appends the outputs of f(values[0], values[1], ...), with as many as it takes.
template <class F>
void call(F& f, const std::vector<Value>& values, std::vector<Value>& outputs) {
  with_indices<values_taken<F>()>([&](auto... i) { append(outputs, f(values[i]...)); });
}

}  // namespace tapedeck::detail
