#include "io/csv_survey.hpp"

#include <algorithm>
#include <utility>

#include "core/text.hpp"
#include "io/csv_hints.hpp"
#include "tapedeck/core/error.hpp"

namespace tapedeck::detail {
namespace {

// "column "a", column "b" and 7 more columns".
class ColumnList {
 public:
  void add(const std::string& text) {
    if (++count_ <= most) text_ += (text_.empty() ? "" : ", ") + text;
  }
  bool empty() const { return count_ == 0; }
  std::string text() const {
    if (count_ <= most) return text_;
    return text_ + " and " + std::to_string(count_ - most) + " more columns";
  }

 private:
  static constexpr Index most = 100;
  std::string text_;
  Index count_ = 0;
};

}  // namespace

void CsvSurvey::take_row() {
  for_each_field(reader_, columns_.uses.size(), options_.header, [&](Index column) {
    const CsvUse use = columns_.uses[column];
    if (use.kind != CsvUse::Kind::feature) {
      reader_.take_field();
      return;
    }
    Feature& feature = features_[use.row];
    double number = 0;
    if (feature.too_many && !missing_.has_numbers() && reader_.take_number(number)) {
      feature.has_value = true;
      return;
    }
    take(feature, reader_.take_field());
  });
}

void CsvSurvey::take(Feature& feature, std::string_view text) const {
  if (text.empty()) return;
  const bool missing = missing_.contains(text);
  if (missing && options_.missing_texts_everywhere) return;
  if (!missing) {
    feature.has_value = true;
    double number = 0;
    if (feature.example.empty() && parse_number(text, number) == Number::none) feature.example = text;
  }
  if (feature.too_many) return;
  feature.texts.emplace(text);
  if (feature.texts.size() <= options_.most_categories) return;
  feature.too_many = true;
  feature.texts = {};
}

void CsvSurvey::require_usable() const {
  ColumnList too_many;
  ColumnList without_value;
  for (Index i = 0; i < features_.size(); ++i) {
    const std::string column = columns_.text_of(columns_.features[i]);
    if (!features_[i].has_value) without_value.add(column);
    if (features_[i].too_many && !features_[i].example.empty()) {
      too_many.add(column + " (such as " + in_quotes(features_[i].example) + ")");
    }
  }
  if (too_many.empty() && without_value.empty()) return;
  std::string given;
  std::string wanted;
  if (!too_many.empty()) {
    const std::string most = std::to_string(options_.most_categories);
    given = "more than " + most + " categories in " + too_many.text();
    wanted = "at most " + most + " in a column of text";
  }
  if (!without_value.empty()) {
    given += (given.empty() ? "" : "; ") + ("no value in " + without_value.text());
    wanted += (wanted.empty() ? "" : ", and ") + std::string("at least 1 value in every feature");
  }
  throw FileError({.who = reader_.name(),
                   .given = given,
                   .wanted = wanted,
                   .hint = std::string(too_many.empty() ? csv_hints::column_without_value
                                                        : csv_hints::unusable_columns)});
}

CategoryNames CsvSurvey::categories() {
  require_usable();
  CategoryNames all;
  for (Index i = 0; i < features_.size(); ++i) {
    if (features_[i].example.empty()) continue;
    auto& texts = features_[i].texts;
    std::vector<std::string> names(texts.begin(), texts.end());
    texts = {};
    std::sort(names.begin(), names.end());
    all.emplace(columns_.features[i], std::move(names));
  }
  return all;
}

}  // namespace tapedeck::detail
