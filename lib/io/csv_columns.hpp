#pragma once

/// @file
/// Which column of a table becomes what.

#include <cstdint>
#include <string>
#include <vector>

#include "tapedeck/io/csv.hpp"

namespace tapedeck::detail {

/// What a column becomes.
struct CsvUse {
  enum class Kind : std::uint8_t { unused, feature, target, label };
  Kind kind = Kind::unused;
  Index row = 0;  ///< of x or y
};

/// The columns of a table.
struct CsvColumns {
  std::vector<std::string> names;  ///< empty without a header
  std::vector<CsvUse> uses;        ///< of each column
  std::vector<Index> features;     ///< which column becomes row 0, 1, ... of x
  std::vector<Index> targets;      ///< likewise of y

  /// "column "x1"", or "column 3" without a header.
  std::string text_of(Index column) const;
  /// The columns' names; numbers without a header.
  std::vector<std::string> names_of(const std::vector<Index>& columns) const;
};

/// OptionError if an option is out of range, or two contradict each other.
void require_possible(const CsvOptions& options);

/// What the options make of a table with so many columns. `name` is the file's.
CsvColumns csv_columns(const std::string& name, const CsvOptions& options, std::vector<std::string> names,
                       Index count);

}  // namespace tapedeck::detail
