#include "io/csv_samples.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/nearest.hpp"
#include "core/text.hpp"
#include "io/csv_hints.hpp"
#include "tapedeck/core/error.hpp"

namespace tapedeck::detail {
namespace {

using Kind = CsvUse::Kind;

std::string nearest_of(std::string_view name, const std::vector<std::string>& names) {
  return nearest_name(name, names, [](const std::string& n) -> const std::string& { return n; });
}

std::vector<bool> numeric_rows(const CsvColumns& columns) {
  std::vector<bool> numeric(columns.x_rows, false);
  for (const Index column : columns.features) {
    const CsvUse use = columns.uses[column];
    if (use.is_number()) numeric[use.row] = true;
  }
  return numeric;
}

}  // namespace

// --- x

FeatureSamples::FeatureSamples(const CsvOptions& options, const std::vector<bool>& numeric, Index expected)
    : subtracts_(options.subtract_first || !options.origin.empty()),
      in_place_(options.scalar == f64 && !subtracts_),
      samples_(
          with_scalar(options.scalar,
                      [&]<class T>(T) -> Samples { return GrowingSamples<T>(numeric.size(), expected); })),
      sample_(in_place_ ? 0 : numeric.size()),
      origin_(options.origin.begin(), options.origin.end()) {
  if (!options.origin.empty() && origin_.size() != numeric.size()) {
    throw OptionError({.who = "read_csv",
                       .given = "origin has " + std::to_string(origin_.size()) + " elements",
                       .wanted = std::to_string(numeric.size()) + ", as many as x has rows"});
  }
  origin_.resize(sample_.size());
  if (!options.subtract_first) return;
  for (Index row = 0; row < numeric.size(); ++row) {
    if (numeric[row]) without_origin_.push_back(row);
  }
}

std::optional<Index> FeatureSamples::convert() {
  if (!without_origin_.empty()) find_origins();
  return std::visit([this](auto& samples) { return convert_to(samples); }, samples_);
}

// What came before it in its row is not finite, and would be the same with any origin.
void FeatureSamples::find_origins() {
  std::erase_if(without_origin_, [this](Index row) {
    const bool found = std::isfinite(sample_[row]);
    if (found) origin_[row] = sample_[row];
    return found;
  });
}

template <class T>
std::optional<Index> FeatureSamples::convert_to(GrowingSamples<T>& samples) {
  T* const to = samples.next();
  bool all_finite = true;
  for (Index row = 0; row < sample_.size(); ++row) {
    to[row] = static_cast<T>(sample_[row] - origin_[row]);
    all_finite = all_finite && std::isfinite(to[row]);
  }
  if (!all_finite) {
    for (Index row = 0; row < sample_.size(); ++row) {
      if (std::isfinite(sample_[row]) && !std::isfinite(to[row])) return row;
    }
  }
  samples.keep();
  return std::nullopt;
}

// --- Rows

CsvSamples::CsvSamples(CsvReader& reader, const CsvOptions& options, const CsvColumns& columns,
                       Index expected, Text text)
    : reader_(reader),
      options_(options),
      columns_(columns),
      missing_(options.missing_texts),
      text_(text),
      plain_numbers_(!missing_.has_numbers()),
      classes_(options.classes),
      x_(options, numeric_rows(columns), expected),
      y_(options.classification ? 0 : columns.targets.size(), expected),
      labels_(options.classification ? 1 : 0, expected),
      used_(numeric_rows(columns)),
      missing_fields_(text == Text::noted ? columns.uses.size() : 0) {
  for (const CsvCategories& one : columns.categories) categories_.emplace_back(one.names);
}

void CsvSamples::begin_sample() {
  sample_ = x_.next();
  if (options_.classification) {
    class_ = labels_.next();
  } else {
    target_ = y_.next();
  }
  skipped_row_ = false;
  category_rows_.clear();
}

void CsvSamples::end_sample() {
  const Index row = rows_++;
  if (skipped_row_) {
    skipped_.push_back(row);
    return;
  }
  if (const auto beyond = x_.keep()) return refuse_beyond(*beyond);
  if (options_.classification) {
    *class_ = classes_.number_of(label_);
    labels_.keep();
  } else {
    y_.keep();
  }
  for (const Index category : category_rows_) used_[category] = true;
}

void CsvSamples::take_row() {
  begin_sample();
  for_each_field(reader_, columns_.uses.size(), options_.header, [this](Index column) {
    const CsvUse use = columns_.uses[column];
    if (plain_numbers_ && use.is_number() && reader_.take_number(place_of(use))) return;
    take(column, reader_.take_field());
  });
  end_sample();
}

// --- Fields

bool CsvSamples::is_missing(CsvUse use, std::string_view text) const {
  if (text.empty()) return true;
  return (use.is_number() || options_.missing_texts_everywhere) && missing_.contains(text);
}

void CsvSamples::take(Index column, std::string_view text) {
  const CsvUse use = columns_.uses[column];
  if (use.kind == Kind::unused) return;
  if (is_missing(use, text)) return take_nothing(column, text);
  if (use.kind == Kind::label) return take_label(column, text);
  if (use.kind == Kind::category) return take_category(column, text);
  take_number(column, text);
}

void CsvSamples::take_number(Index column, std::string_view text) {
  const CsvUse use = columns_.uses[column];
  const Number number = parse_number(text, place_of(use));
  if (number == Number::finite || (number == Number::non_finite && options_.allow_non_finite)) return;
  if (text_ == Text::noted && use.kind == Kind::feature) {
    met_text_ = true;
    return;
  }
  if (number == Number::non_finite) refuse(column, text, "a finite number", csv_hints::allow_non_finite);
  if (number == Number::out_of_range) refuse(column, text, "a number within the range of double");
  refuse(column, text, "a number",
         text.find(',') == std::string_view::npos ? "" : "numbers have a decimal point");
}

void CsvSamples::take_category(Index column, std::string_view text) {
  const CsvUse use = columns_.uses[column];
  const ClassNames& known = categories_[use.categories];
  std::fill_n(sample_ + use.row, known.names().size(), 0.0);
  if (const auto number = known.find(text)) {
    category_rows_.push_back(use.row + *number);
    sample_[use.row + *number] = 1;
    return;
  }
  if (options_.text_features) return;  // one that was found in rows left out alone, of which this is one
  if (options_.unknown_category == UnknownCategory::zeros) return;
  const std::string nearest = nearest_of(text, known.names());
  refuse(column, text,
         "one of its " + std::to_string(known.names().size()) + " categories" +
             (nearest.empty() ? "" : "; " + nearest),
         csv_hints::unknown_category);
}

void CsvSamples::take_label(Index column, std::string_view text) {
  label_ = text;
  if (classes_.allows(label_)) return;
  refuse(column, text, "one of the classes", nearest_of(text, classes_.names()));
}

void CsvSamples::take_nothing(Index column, std::string_view text) {
  const CsvUse use = columns_.uses[column];
  const bool feature = use.kind == Kind::feature || use.kind == Kind::category;
  if (feature && text_ == Text::noted) ++missing_fields_[column];
  if (options_.missing == Missing::skip_row) {
    skipped_row_ = true;
    return;
  }
  if (options_.missing == Missing::value && use.kind == Kind::feature) {
    place_of(use) = options_.missing_value;
    return;
  }
  if (options_.missing == Missing::value && use.kind == Kind::category) {
    std::fill_n(sample_ + use.row, categories_[use.categories].names().size(), 0.0);
    return;
  }
  if (feature && text_ == Text::noted) {  // the message names the kind of its column
    met_text_ = true;
    return;
  }
  refuse_csv(reader_.name(), reader_.field_position(),
             (text.empty() ? "an empty field in " : in_quotes(text) + ", which counts as empty, in ") +
                 columns_.text_of(column),
             use.kind == Kind::label      ? "a label"
             : use.kind == Kind::category ? "a category"
                                          : "a number",
             std::string(csv_hints::missing));
}

void CsvSamples::refuse(Index column, std::string_view text, const std::string& wanted,
                        std::string_view hint) const {
  refuse_csv(reader_.name(), reader_.field_position(), in_quotes(text) + " in " + columns_.text_of(column),
             wanted, std::string(hint));
}

// A number that x does not hold, in this row of x.
void CsvSamples::refuse_beyond(Index row) {
  if (text_ == Text::noted) {
    met_text_ = true;
    return;
  }
  const auto column = std::find_if(columns_.features.begin(), columns_.features.end(),
                                   [&](Index c) { return columns_.uses[c].row == row; });
  refuse_csv(
      reader_.name(), reader_.row_position(),
      "a number in " + columns_.text_of(*column) + " that is too large for " + name_of(options_.scalar),
      "a number within its range", std::string(options_.scalar == f32 ? csv_hints::scalar : ""));
}

// --- All of it

bool CsvSamples::has_feature_without_value() const {
  return rows_ > 0 &&
         std::find(missing_fields_.begin(), missing_fields_.end(), rows_) != missing_fields_.end();
}

bool CsvSamples::uses_all_categories() const {
  return std::find(used_.begin(), used_.end(), false) == used_.end();
}

CategoryNames CsvSamples::used_categories() const {
  CategoryNames used;
  for (const Index column : columns_.features) {
    const CsvUse use = columns_.uses[column];
    if (use.is_number()) continue;
    std::vector<std::string>& names = used[column];
    Index row = use.row;
    for (const std::string& name : columns_.categories[use.categories].names) {
      if (used_[row++]) names.push_back(name);
    }
  }
  return used;
}

AnyMatrix CsvSamples::targets() {
  if (!options_.classification) return y_.taken();
  const std::vector<Index> numbers = classes_.sort();
  IndexMatrix labels = labels_.taken();
  for (Index& label : labels) label = numbers[label];
  return labels;
}

CsvData CsvSamples::data() {
  if (is_empty()) {
    refuse_csv(reader_.name(), reader_.position(),
               skipped_.empty() ? "a header and nothing else" : "every row has an empty field",
               "at least 1 row to take");
  }
  AnyMatrix y = targets();
  return {.data = Dataset(x_.taken(), std::move(y)),
          .feature_names = columns_.names_of(columns_.features),
          .target_names = columns_.names_of(columns_.targets),
          .class_names = classes_.names(),
          .categories = columns_.categories,
          .origin = x_.origin(),
          .skipped = std::move(skipped_)};
}

}  // namespace tapedeck::detail
