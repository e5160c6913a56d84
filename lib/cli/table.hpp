#pragma once

/// @file
/// The data that a model is trained on, and what a model must know of them to meet others.

#include <string>
#include <vector>

#include "cli/console.hpp"
#include "cli/json.hpp"
#include "cli/settings.hpp"
#include "tapedeck/data/dataset.hpp"

namespace tapedeck::cli {

/// What the columns are called, and which classes there are. Travels with the model.
struct Columns {
  std::vector<std::string> features;  ///< of a CSV file; numbers for IDX
  std::vector<std::string> targets;   ///< likewise; "label" for IDX
  std::vector<std::string> classes;   ///< in the order of their labels; empty for numbers
  bool by_number = false;             ///< a CSV file without a header

  Index outputs() const { return classes.empty() ? targets.size() : classes.size(); }
};
JsonObject to_json(const Columns& columns);
/// JsonError if the JSON lacks one of the columns' members, or one is of another type.
Columns columns_from(const JsonObject& json);

struct Table {
  Dataset data;
  Columns columns;
  Index skipped_rows = 0;
};

/// The data to train on, as the settings have them.
Table read_training_table(const Settings& settings);
/// Other data for the same model; without targets there are none of them, y is empty, and no row is left out:
/// each is to get its prediction.
Table read_table(const std::string& path, const std::string& labels, const Settings& settings,
                 const Columns& columns, bool with_targets);

/// Says on standard error how many rows were left out, if any were.
void tell_of_skipped(const Table& table, const Console& console);

/// Of every bit of the data and of the names: whether they are the same ones.
std::string fingerprint(const Table& table);

}  // namespace tapedeck::cli
