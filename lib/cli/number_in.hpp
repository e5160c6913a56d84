#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace tapedeck::cli {

/// All of the text as a number, decimal whatever the locale; none if it is anything else, or too large.
template <class T>
std::optional<T> number_in(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace tapedeck::cli
