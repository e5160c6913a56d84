#pragma once

/// @file
/// Which features of a table are text, and what categories they have.

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "io/csv_columns.hpp"
#include "io/csv_fields.hpp"
#include "io/csv_reader.hpp"
#include "tapedeck/io/csv.hpp"

namespace tapedeck::detail {

/// Looks at all rows of a table. It keeps at most `most_categories` texts of a column, and none of a column
/// with more.
class CsvSurvey {
 public:
  CsvSurvey(CsvReader& reader, const CsvOptions& options, const CsvColumns& columns)
      : reader_(reader),
        options_(options),
        columns_(columns),
        missing_(options.missing_texts),
        features_(columns.features.size()) {}

  /// Takes the row that has begun.
  void take_row();
  /// The categories of the features that are text, in the order of their bytes. FileError if a feature has no
  /// value or too many categories; it names all of them.
  CategoryNames categories();

 private:
  struct Feature {
    std::unordered_set<std::string> texts;
    std::string example;     // its first text that is no number; empty in a column of numbers
    bool has_value = false;  // that is not missing
    bool too_many = false;   // texts are no longer kept
  };

  void take(Feature& feature, std::string_view text) const;
  void require_usable() const;

  CsvReader& reader_;
  const CsvOptions& options_;
  const CsvColumns& columns_;
  MissingTexts missing_;
  std::vector<Feature> features_;
};

}  // namespace tapedeck::detail
