#pragma once

/// @file
/// What all passes over a table's rows do alike.

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "core/text.hpp"
#include "io/csv_reader.hpp"
#include "io/number.hpp"

namespace tapedeck::detail {

/// Calls `take(column)` for each column of the row that has begun, which must take one field off the reader.
/// FileError if the row has another number of fields.
template <class Take>
void for_each_field(CsvReader& reader, Index columns, bool header, const Take& take) {
  Index column = 0;
  const auto refuse = [&] {
    refuse_csv(reader.name(), reader.row_position(),
               "a row of " + std::to_string(column) + (column == 1 ? " field" : " fields"),
               std::to_string(columns), header ? "as many as in the header" : "as many as in the first row");
  };
  do {
    if (column == columns) {
      do {
        reader.take_field();
        ++column;
      } while (!reader.row_ended());
      refuse();
    }
    take(column);
    ++column;
  } while (!reader.row_ended());
  if (column != columns) refuse();
}

/// Texts that count as empty fields, whatever their case.
class MissingTexts {
 public:
  explicit MissingTexts(const std::vector<std::string>& texts) {
    for (const std::string& text : texts) {
      double x = 0;
      has_numbers_ = has_numbers_ || parse_number(text, x) == Number::finite;
      longest_ = std::max(longest_, text.size());
      texts_.insert(in_lower_case(text));
    }
  }

  bool contains(std::string_view text) const {
    return text.size() <= longest_ && texts_.contains(in_lower_case(text));
  }
  /// Returns true if a field that is a number may be missing.
  bool has_numbers() const { return has_numbers_; }

 private:
  static std::string in_lower_case(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) c = tapedeck::in_lower_case(c);
    return lower;
  }

  std::unordered_set<std::string> texts_;
  std::size_t longest_ = 0;
  bool has_numbers_ = false;
};

}  // namespace tapedeck::detail
