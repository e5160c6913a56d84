#pragma once

/// @file
/// Rows of a table into samples.

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "io/class_names.hpp"
#include "io/csv_columns.hpp"
#include "io/csv_fields.hpp"
#include "io/csv_reader.hpp"
#include "io/growing_samples.hpp"
#include "tapedeck/io/csv.hpp"

namespace tapedeck::detail {

/// x, whose samples are written as double: in place, or to be converted.
class FeatureSamples {
 public:
  /// `numeric` says of each row whether it is one of numbers, which may have an origin.
  FeatureSamples(const CsvOptions& options, const std::vector<bool>& numeric, Index expected);

  /// Where the sample behind the last one is to be written.
  double* next() { return in_place_ ? doubles().next() : sample_.data(); }
  /// Keeps the sample that was written there. Returns the row of a finite value that is none in x, and keeps
  /// nothing then.
  std::optional<Index> keep() {
    if (!in_place_) return convert();
    doubles().keep();
    return std::nullopt;
  }

  Index count() const {
    return std::visit([](const auto& samples) { return samples.count(); }, samples_);
  }
  AnyMatrix taken() {
    return std::visit([](auto& samples) -> AnyMatrix { return samples.taken(); }, samples_);
  }
  /// What was subtracted; empty if nothing was to be.
  arma::vec origin() const { return subtracts_ ? arma::vec(origin_) : arma::vec(); }

 private:
  using Samples = std::variant<GrowingSamples<float>, GrowingSamples<double>>;

  GrowingSamples<double>& doubles() { return *std::get_if<GrowingSamples<double>>(&samples_); }
  std::optional<Index> convert();
  template <class T>
  std::optional<Index> convert_to(GrowingSamples<T>& samples);
  void find_origins();

  bool subtracts_;
  bool in_place_;
  Samples samples_;
  std::vector<double> sample_;
  std::vector<double> origin_;
  std::vector<Index> without_origin_;  // rows that have met no finite value
};

/// Takes rows into a CsvData.
class CsvSamples {
 public:
  /// What to do where a feature is no number: throw, or note it, as the column may be one of categories.
  enum class Text : std::uint8_t { refused, noted };

  CsvSamples(CsvReader& reader, const CsvOptions& options, const CsvColumns& columns, Index expected,
             Text text);

  /// Takes the row that has begun.
  void take_row();
  /// Returns true if text was noted: a feature may be no column of numbers.
  bool met_text() const { return met_text_; }
  /// Returns true if all fields of a feature were missing.
  bool has_feature_without_value() const;
  /// Returns true if no row was taken.
  bool is_empty() const { return x_.count() == 0; }
  /// The categories that occur in the rows taken.
  CategoryNames used_categories() const;
  /// Returns true if each category occurs in the rows taken.
  bool uses_all_categories() const;
  /// All of it. FileError if no row was taken.
  CsvData data();

 private:
  void begin_sample();
  void end_sample();
  void take(Index column, std::string_view text);
  void take_number(Index column, std::string_view text);
  void take_category(Index column, std::string_view text);
  void take_label(Index column, std::string_view text);
  void take_nothing(Index column, std::string_view text);
  double& place_of(CsvUse use) { return (use.kind == CsvUse::Kind::target ? target_ : sample_)[use.row]; }
  bool is_missing(CsvUse use, std::string_view text) const;
  AnyMatrix targets();
  void refuse_beyond(Index row);
  [[noreturn]] void refuse(Index column, std::string_view text, const std::string& wanted,
                           std::string_view hint = "") const;

  CsvReader& reader_;
  const CsvOptions& options_;
  const CsvColumns& columns_;
  MissingTexts missing_;
  Text text_;
  bool plain_numbers_;  // a field that is a number needs no second look
  ClassNames classes_;
  std::vector<ClassNames> categories_;
  FeatureSamples x_;
  GrowingSamples<double> y_;      // not used for class labels,
  GrowingSamples<Index> labels_;  // and this one otherwise
  double* sample_ = nullptr;
  double* target_ = nullptr;
  Index* class_ = nullptr;
  std::string label_;
  std::vector<Index> category_rows_;  // of x, where the sample has a 1
  std::vector<bool> used_;            // by the row of x; all true but for categories
  bool skipped_row_ = false;
  bool met_text_ = false;
  Index rows_ = 0;
  std::vector<Index> skipped_;
  std::vector<Index> missing_fields_;  // how many in each column, while text is noted
};

}  // namespace tapedeck::detail
