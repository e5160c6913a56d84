#pragma once

/// @file
/// Hints of the CSV reader that name a field of CsvOptions. A program whose options have other names replaces
/// them by its own.

#include <string_view>

namespace tapedeck::csv_hints {

inline constexpr std::string_view allow_non_finite = "allow_non_finite takes others";
inline constexpr std::string_view missing = "missing says what becomes of such rows";
inline constexpr std::string_view features_or_ignored =
    "what is neither in features nor in targets is ignored";
inline constexpr std::string_view unusable_columns =
    "ignored leaves columns out, most_categories raises the limit";
inline constexpr std::string_view column_without_value = "ignored leaves columns out";
inline constexpr std::string_view unknown_category = "unknown_category says what becomes of others";
inline constexpr std::string_view scalar = "scalar = f64 takes larger ones";

/// Names the delimiter at its end.
inline constexpr std::string_view other_delimiter = "the fields seem to be separated by ";

/// All that are whole.
inline constexpr std::string_view all[] = {
    allow_non_finite, missing, features_or_ignored, unusable_columns, column_without_value,
    unknown_category, scalar};

}  // namespace tapedeck::csv_hints
