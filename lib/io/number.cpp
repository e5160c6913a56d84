#include "io/number.hpp"

#include <algorithm>

#include "core/text.hpp"

namespace tapedeck::detail {
namespace {

bool is_word(std::string_view text, std::string_view word) {
  return std::equal(text.begin(), text.end(), word.begin(), word.end(),
                    [](char a, char b) { return in_lower_case(a) == b; });
}

}  // namespace

Number parse_number(std::string_view text, double& x) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  const std::string_view magnitude = text.substr(text.starts_with('-') ? 1 : 0);
  const bool word = is_word(magnitude, "nan") || is_word(magnitude, "inf") || is_word(magnitude, "infinity");
  if (!word && (magnitude.empty() || magnitude[0] > '9'))
    return Number::none;  // as nan(12), which from_chars takes
  const char* const last = text.data() + text.size();
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), last, value);
  if (end != last || error == std::errc::invalid_argument) return Number::none;
  if (error == std::errc::result_out_of_range) return Number::out_of_range;
  x = value;
  return word ? Number::non_finite : Number::finite;
}

}  // namespace tapedeck::detail
