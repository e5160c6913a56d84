#include "io/csv_delimiter.hpp"

#include <algorithm>
#include <string_view>
#include <variant>
#include <vector>

#include "io/csv_hints.hpp"
#include "io/csv_reader.hpp"
#include "tapedeck/core/error.hpp"

namespace tapedeck::detail {
namespace {

using Row = std::vector<std::string>;

constexpr std::size_t most_bytes = std::size_t{1} << 18U;
constexpr std::size_t most_rows = 20;

// Whole lines.
std::string first_lines(Source& source) {
  source.rewind();
  std::string text(most_bytes, '\0');
  text.resize(read_fully(source, text.data(), text.size()));
  if (text.size() == most_bytes) text.resize(text.rfind('\n') + 1);
  return text;
}

// As the delimiter splits them; the last one is empty if they cannot all be read.
std::vector<Row> first_rows(std::string_view text, char delimiter) {
  MemorySource source(text);
  CsvReader reader(source, "", delimiter, text.size());
  std::vector<Row> rows;
  try {
    while (rows.size() < most_rows && reader.begin_row()) {
      Row& row = rows.emplace_back();
      do {
        row.emplace_back(reader.take_field());
      } while (!reader.row_ended());
    }
  } catch (const FileError&) {
    rows.emplace_back();
  }
  return rows;
}

bool is_among(const CsvColumn& column, const Row& names, bool header) {
  if (const auto* number = std::get_if<Index>(&column.which())) return *number < names.size();
  return header &&
         std::find(names.begin(), names.end(), std::get<std::string>(column.which())) != names.end();
}

std::string name_of(char delimiter) {
  if (delimiter == '\t') return "tabs";
  if (delimiter == ' ') return "spaces";
  return {'\'', delimiter, '\''};
}

}  // namespace

std::string delimiter_hint(Source& source, const CsvOptions& options, bool columns_missing) {
  const std::string text = first_lines(source);
  const std::vector<Row> now = first_rows(text, options.delimiter);
  const std::size_t fields = now.empty() ? 0 : now.front().size();
  if (fields > 1 && !columns_missing) return "";
  const auto separates = [&](char delimiter) {
    const std::vector<Row> rows = first_rows(text, delimiter);
    if (rows.size() < (options.header ? 2U : 1U) || rows.front().size() < 2) return false;
    const auto is_whole = [&](const Row& row) { return row.size() == rows.front().size(); };
    if (!std::all_of(rows.begin(), rows.end(), is_whole)) return false;
    if (fields <= 1) return true;
    const auto has_all = [&](const std::vector<CsvColumn>& columns) {
      return std::all_of(columns.begin(), columns.end(),
                         [&](const CsvColumn& c) { return is_among(c, rows.front(), options.header); });
    };
    return has_all(options.targets) && has_all(options.features) && has_all(options.ignored);
  };
  for (const char delimiter : {',', ';', '\t', '|', ':', ' '}) {
    if (delimiter != options.delimiter && separates(delimiter)) {
      return std::string(csv_hints::other_delimiter) + name_of(delimiter);
    }
  }
  return "";
}

}  // namespace tapedeck::detail
