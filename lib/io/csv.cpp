#include "tapedeck/io/csv.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "core/nearest.hpp"
#include "core/text.hpp"
#include "io/class_names.hpp"
#include "io/csv_columns.hpp"
#include "io/csv_table.hpp"
#include "io/growing_samples.hpp"
#include "tapedeck/core/error.hpp"

namespace tapedeck {
namespace detail {
namespace {

using Kind = CsvUse::Kind;

struct Cell {
  std::string text;
  CsvPosition where;
};

std::vector<Cell> take_cells(CsvReader& reader) {
  std::vector<Cell> cells;
  do {
    std::string text(reader.take_field());
    cells.push_back({std::move(text), reader.field_position()});
  } while (!reader.row_ended());
  return cells;
}

std::vector<Cell> first_row(CsvReader& reader, bool header) {
  if (!reader.begin_row()) {
    refuse_csv(reader.name(), reader.position(), "the file is empty",
               header ? "a header and at least 1 row" : "at least 1 row");
  }
  return take_cells(reader);
}

std::vector<std::string> names_in(const CsvReader& reader, const std::vector<Cell>& header) {
  std::vector<std::string> names;
  std::unordered_set<std::string> seen;
  for (const Cell& cell : header) {
    if (!seen.insert(cell.text).second) {
      refuse_csv(reader.name(), cell.where, "a second column " + in_quotes(cell.text),
                 "every name once in the header");
    }
    names.push_back(cell.text);
  }
  return names;
}

// Rows into samples.
class Table {
 public:
  Table(CsvReader& reader, const CsvOptions& options, const CsvColumns& columns, Index rows)
      : reader_(reader),
        options_(options),
        columns_(columns),
        classes_(options.classes),
        x_(columns.features.size(), rows),
        y_(options.classification ? 0 : columns.targets.size(), rows),
        labels_(options.classification ? 1 : 0, rows) {}

  void take_row();
  void take_row(const std::vector<Cell>& cells);
  CsvData data();

 private:
  void begin_sample();
  void end_sample();
  void take(Index column, std::string_view text, CsvPosition where);
  void take_number(Index column, std::string_view text, CsvPosition where);
  void take_label(Index column, std::string_view text, CsvPosition where);
  void take_nothing(Index column, CsvPosition where);
  double& place_of(CsvUse use) { return (use.kind == Kind::feature ? sample_ : target_)[use.row]; }
  AnyMatrix targets();
  [[noreturn]] void refuse_width(Index fields);
  [[noreturn]] void refuse(Index column, std::string_view text, CsvPosition where, const std::string& wanted,
                           const std::string& hint = "") const;

  CsvReader& reader_;
  const CsvOptions& options_;
  const CsvColumns& columns_;
  ClassNames classes_;
  GrowingSamples<double> x_;
  GrowingSamples<double> y_;      // 0 rows for class labels,
  GrowingSamples<Index> labels_;  // and this one otherwise
  double* sample_ = nullptr;
  double* target_ = nullptr;
  Index* class_ = nullptr;
  std::string label_;
  bool skipped_ = false;
  Index skipped_rows_ = 0;
};

void Table::begin_sample() {
  sample_ = x_.next();
  target_ = y_.next();
  class_ = labels_.next();
  skipped_ = false;
}

void Table::end_sample() {
  if (skipped_) {
    ++skipped_rows_;
    return;
  }
  if (options_.classification) *class_ = classes_.number_of(label_);
  x_.keep();
  y_.keep();
  labels_.keep();
}

void Table::take_row() {
  begin_sample();
  Index column = 0;
  do {
    if (column == columns_.uses.size()) refuse_width(column + take_cells(reader_).size());
    const CsvUse use = columns_.uses[column];
    const bool numeric = use.kind == Kind::feature || use.kind == Kind::target;
    if (!numeric || !reader_.take_number(place_of(use))) {
      const std::string_view text = reader_.take_field();
      take(column, text, reader_.field_position());
    }
    ++column;
  } while (!reader_.row_ended());
  if (column != columns_.uses.size()) refuse_width(column);
  end_sample();
}

void Table::take_row(const std::vector<Cell>& cells) {
  begin_sample();
  for (Index column = 0; column < cells.size(); ++column)
    take(column, cells[column].text, cells[column].where);
  end_sample();
}

// --- Fields

void Table::take(Index column, std::string_view text, CsvPosition where) {
  const Kind kind = columns_.uses[column].kind;
  if (kind == Kind::unused) return;
  if (text.empty()) return take_nothing(column, where);
  if (kind == Kind::label) return take_label(column, text, where);
  take_number(column, text, where);
}

void Table::take_number(Index column, std::string_view text, CsvPosition where) {
  switch (parse_number(text, place_of(columns_.uses[column]))) {
    case Number::finite:
      return;
    case Number::non_finite:
      if (options_.allow_non_finite) return;
      refuse(column, text, where, "a finite number", "allow_non_finite takes others");
    case Number::out_of_range:
      refuse(column, text, where, "a number within the range of double");
    case Number::none:
      break;
  }
  refuse(column, text, where, "a number",
         text.find(',') == std::string_view::npos ? "" : "numbers have a decimal point");
}

void Table::take_label(Index column, std::string_view text, CsvPosition where) {
  label_ = text;
  if (classes_.allows(label_)) return;
  refuse(column, text, where, "one of the classes",
         nearest_name(text, classes_.names(),
                      [](const std::string& name) -> const std::string& { return name; }));
}

void Table::take_nothing(Index column, CsvPosition where) {
  const CsvUse use = columns_.uses[column];
  if (options_.missing == Missing::skip_row) {
    skipped_ = true;
  } else if (options_.missing == Missing::value && use.kind != Kind::label) {
    place_of(use) = options_.missing_value;
  } else {
    refuse_csv(reader_.name(), where, "an empty field in " + columns_.text_of(column),
               use.kind == Kind::label ? "a label" : "a number", "missing says what becomes of such rows");
  }
}

void Table::refuse(Index column, std::string_view text, CsvPosition where, const std::string& wanted,
                   const std::string& hint) const {
  refuse_csv(reader_.name(), where, in_quotes(text) + " in " + columns_.text_of(column), wanted, hint);
}

void Table::refuse_width(Index fields) {
  refuse_csv(reader_.name(), reader_.row_position(),
             "a row of " + std::to_string(fields) + (fields == 1 ? " field" : " fields"),
             std::to_string(columns_.uses.size()),
             options_.header ? "as many as in the header" : "as many as in the first row");
}

// --- All of it

AnyMatrix Table::targets() {
  if (!options_.classification) return y_.taken();
  const std::vector<Index> numbers = classes_.sort();
  IndexMatrix labels = labels_.taken();
  for (Index& label : labels) label = numbers[label];
  return labels;
}

CsvData Table::data() {
  if (x_.count() == 0) {
    refuse_csv(reader_.name(), reader_.position(),
               skipped_rows_ == 0 ? "a header and nothing else" : "every row has an empty field",
               "at least 1 row to take");
  }
  AnyMatrix y = targets();
  return {.data = Dataset(x_.taken(), std::move(y)),
          .feature_names = columns_.names_of(columns_.features),
          .target_names = columns_.names_of(columns_.targets),
          .class_names = classes_.names(),
          .skipped_rows = skipped_rows_};
}

// Each field of a row takes a byte at least: its own, or the delimiter or line end behind it.
Index rows_within(const TextSize& text, const CsvOptions& options, Index fields) {
  const Index lines = text.lines - (options.header && text.lines > 0 ? 1 : 0);
  return std::min<Index>(lines, text.bytes / fields);
}

}  // namespace

CsvData parse_csv(Source& source, const std::string& name, const CsvOptions& options, std::size_t block,
                  const TextSize& expected) {
  require_possible(options);
  CsvReader reader(source, name, options.delimiter, block);
  const std::vector<Cell> first = first_row(reader, options.header);
  const CsvColumns columns = csv_columns(
      name, options, options.header ? names_in(reader, first) : std::vector<std::string>(), first.size());
  Table table(reader, options, columns, rows_within(expected, options, first.size()));
  if (!options.header) table.take_row(first);
  while (reader.begin_row()) table.take_row();
  return table.data();
}

}  // namespace detail

CsvData read_csv(const std::string& path, const CsvOptions& options) {
  detail::require_possible(options);
  detail::FileSource source(path);
  const detail::TextSize text = detail::text_size(source);
  source.rewind();
  return detail::parse_csv(source, path, options, detail::CsvReader::usual_block, text);
}

}  // namespace tapedeck
