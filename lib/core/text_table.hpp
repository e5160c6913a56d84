#pragma once

/// @file
/// Tables in plain text, for those who print one.

#include <string>
#include <vector>

namespace tapedeck {

/// Columns as wide as what is in them, two blanks apart; names to the left, figures to the right.
class TextTable {
 public:
  enum class Align { left, right };
  struct Column {
    std::string title;
    Align align = Align::right;
  };

  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}
  /// A line, of as many cells as there are columns.
  void add(std::vector<std::string> cells) { lines_.push_back(std::move(cells)); }
  /// Titles and lines, each ended by a newline, without blanks at the ends of lines.
  std::string text() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> lines_;
};

}  // namespace tapedeck
