#pragma once

/// @file
/// The data that a model is trained on or applied to, and what a model must know of them.

#include <string>
#include <vector>

#include "cli/console.hpp"
#include "cli/json.hpp"
#include "cli/settings.hpp"
#include "tapedeck/data/dataset.hpp"
#include "tapedeck/io/csv.hpp"

namespace tapedeck::cli {

/// The columns of a table and the values of those that hold text. Saved with the model.
struct TableColumns {
  std::vector<std::string> features;      ///< of a CSV file; numbers for IDX
  std::vector<CsvCategories> categories;  ///< of those features that hold text; a row of x for each category
  std::vector<std::string> targets;       ///< of a CSV file; "label" for IDX
  std::vector<std::string> classes;       ///< in the order of their labels; empty for numbers
  bool by_number = false;                 ///< a CSV file without a header

  /// Returns true if all categories are of features, in their order.
  bool are_consistent() const;
  /// Returns the number of rows of x.
  Index inputs() const;
  /// Returns the number of outputs of the network.
  Index outputs() const { return classes.empty() ? targets.size() : classes.size(); }
  /// Returns for each row of x whether it stands for a category, in the order of the features.
  std::vector<bool> category_rows() const;
};
JsonObject to_json(const TableColumns& columns);
/// JsonError if the JSON lacks one of the columns' members, or one is of another type.
TableColumns columns_from(const JsonObject& json);

/// Returns true for NA, NaN, ? and null, which stand for a missing value in columns of numbers.
bool is_missing(const std::string& text);

struct Table {
  /// x is float: the values of the table minus `origin`. y is double, in the targets' own units, or labels.
  Dataset data;
  arma::vec origin;  ///< for each row of x, so that float keeps the digits of columns far from 0; or empty
  TableColumns columns;
  std::vector<Index> skipped;  ///< rows of the table that were left out, counted from 0
};

/// Reads the data to train on. The origin is the first row; empty with --no-standardize.
Table read_training_table(const Settings& settings);
/// Reads other data for the same model, less the origin given. Without targets, y is empty, and with
/// --missing skip `skipped` tells which rows get no prediction.
Table read_table(const std::string& path, const std::string& labels, const Settings& settings,
                 const TableColumns& columns, const arma::vec& origin, bool with_targets);

/// Writes to standard error how many rows were left out, if any were.
void report_skipped(const Table& table, const Console& console);

/// Returns a hash of every bit of the data and of the names.
std::string fingerprint(const Table& table);

}  // namespace tapedeck::cli
