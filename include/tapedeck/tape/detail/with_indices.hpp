#pragma once

/// @file
/// Internal: a list of constants for argument lists whose length is known at compile time.

#include <cstddef>
#include <type_traits>
#include <utility>

namespace tapedeck::detail {

template <class F, std::size_t... I>
decltype(auto) with_indices(const F& f, std::index_sequence<I...>) {
  return f(std::integral_constant<std::size_t, I>{}...);
}

// Calls f(0, 1, ..., n - 1) with each number a constant that a template may take: `f` is
// `[&](auto... i) { return g(items[i]...); }`.
template <std::size_t n, class F>
decltype(auto) with_indices(const F& f) {
  return with_indices(f, std::make_index_sequence<n>{});
}

}  // namespace tapedeck::detail
