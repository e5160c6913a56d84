#pragma once

/// @file
/// Which column of a table becomes what.

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "tapedeck/io/csv.hpp"

namespace tapedeck::detail {

/// What a column becomes.
struct CsvUse {
  enum class Kind : std::uint8_t { unused, label, category, feature, target };
  Kind kind = Kind::unused;
  std::uint32_t categories = 0;  ///< of a category: its place in CsvColumns::categories
  Index row = 0;                 ///< of x or y; of a category the first one

  bool is_number() const { return kind >= Kind::feature; }
};

/// The names of categories by the number of their column.
using CategoryNames = std::unordered_map<Index, std::vector<std::string>>;

/// The columns of a table.
struct CsvColumns {
  std::vector<std::string> names;         ///< empty without a header
  std::vector<CsvUse> uses;               ///< of each column
  std::vector<Index> features;            ///< which columns become x, in order
  std::vector<Index> targets;             ///< which column becomes row 0, 1, ... of y
  std::vector<CsvCategories> categories;  ///< of the features that are text, in order
  Index x_rows = 0;

  /// Makes categories of these features, and numbers of the others.
  void set_categories(CategoryNames by_column);

  /// "column "x1"", or "column 3" without a header.
  std::string text_of(Index column) const;
  /// Its name; its number without a header.
  std::string name_of(Index column) const;
  /// The columns' names; numbers without a header.
  std::vector<std::string> names_of(const std::vector<Index>& columns) const;
};

/// OptionError if an option is out of range, or two contradict each other.
void require_possible(const CsvOptions& options);

/// What the options make of a table with so many columns; features are numbers but for those in
/// `CsvOptions::categories`. `name` is the file's.
CsvColumns csv_columns(const std::string& name, const CsvOptions& options, std::vector<std::string> names,
                       Index count);

}  // namespace tapedeck::detail
