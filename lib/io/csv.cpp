#include "tapedeck/io/csv.hpp"

#include <algorithm>
#include <optional>
#include <unordered_set>
#include <utility>

#include "core/text.hpp"
#include "io/csv_columns.hpp"
#include "io/csv_delimiter.hpp"
#include "io/csv_samples.hpp"
#include "io/csv_survey.hpp"
#include "io/csv_table.hpp"
#include "io/gzip.hpp"
#include "tapedeck/core/error.hpp"

namespace tapedeck {
namespace detail {
namespace {

// A text, and what is to be made of it.
struct Text {
  Source& source;
  const std::string& name;
  const CsvOptions& options;
  std::size_t block;
  TextSize size;
};

// One pass over a text, from its first row of data.
struct Pass {
  explicit Pass(const Text& text)
      : reader(from_first_byte(text.source), text.name, text.options.delimiter, text.block) {
    if (!text.options.header || !reader.begin_row()) return;
    do {
      reader.take_field();
    } while (!reader.row_ended());
  }
  static Source& from_first_byte(Source& source) {
    source.rewind();
    return source;
  }

  CsvReader reader;
};

// --- Columns

// The names in the header, and how many columns there are.
CsvColumns columns_of(const Text& text) {
  const CsvOptions& options = text.options;
  CsvReader reader(Pass::from_first_byte(text.source), text.name, options.delimiter, text.block);
  if (!reader.begin_row()) {
    refuse_csv(text.name, reader.position(), "the file is empty",
               options.header ? "a header and at least 1 row" : "at least 1 row");
  }
  std::vector<std::string> names;
  std::unordered_set<std::string> seen;
  Index count = 0;
  do {
    std::string name(reader.take_field());
    ++count;
    if (!options.header) continue;
    if (!seen.insert(name).second) {
      refuse_csv(text.name, reader.field_position(), "a second column " + in_quotes(name),
                 "every name once in the header");
    }
    names.push_back(std::move(name));
  } while (!reader.row_ended());
  return csv_columns(text.name, options, std::move(names), count);
}

// Each field of a row takes a byte at least: its own, or the delimiter or line end behind it.
Index most_rows(const Text& text, const CsvColumns& columns) {
  const Index lines = text.size.lines - (text.options.header && text.size.lines > 0 ? 1 : 0);
  return std::min<Index>(lines, text.size.bytes / columns.uses.size());
}

// --- Passes

// Nothing if a feature may be no column of numbers.
std::optional<CsvData> read_numbers(const Text& text, const CsvColumns& columns) {
  Pass pass(text);
  CsvSamples samples(pass.reader, text.options, columns, most_rows(text, columns), CsvSamples::Text::noted);
  while (pass.reader.begin_row()) {
    samples.take_row();
    if (samples.met_text()) return std::nullopt;
  }
  if (samples.has_feature_without_value()) return std::nullopt;
  return samples.data();
}

CategoryNames categories_in(const Text& text, const CsvColumns& columns) {
  Pass pass(text);
  CsvSurvey survey(pass.reader, text.options, columns);
  while (pass.reader.begin_row()) survey.take_row();
  return survey.categories();
}

// Nothing if a category was found that occurs in no row taken; then leaves those out of the columns.
std::optional<CsvData> read_samples(const Text& text, CsvColumns& columns) {
  Pass pass(text);
  CsvSamples samples(pass.reader, text.options, columns, most_rows(text, columns), CsvSamples::Text::refused);
  while (pass.reader.begin_row()) samples.take_row();
  if (!text.options.text_features || samples.is_empty() || samples.uses_all_categories())
    return samples.data();
  columns.set_categories(samples.used_categories());
  return std::nullopt;
}

CsvData read_text(const Text& text) {
  CsvColumns columns = columns_of(text);
  if (text.options.text_features) {
    if (auto numbers = read_numbers(text, columns)) return std::move(*numbers);
    columns.set_categories(categories_in(text, columns));
  }
  for (;;) {
    if (auto data = read_samples(text, columns)) return std::move(*data);
  }
}

// --- Errors

template <class E>
[[noreturn]] void throw_with_delimiter(const E& error, const Text& text, bool columns_missing) {
  const std::string hint = delimiter_hint(text.source, text.options, columns_missing);
  throw E({.who = error.who(),
           .given = error.given(),
           .wanted = error.wanted(),
           .hint = hint.empty() ? error.hint() : hint});
}

}  // namespace

CsvData parse_csv(Source& source, const std::string& name, const CsvOptions& options, std::size_t block,
                  const TextSize& expected) {
  require_possible(options);
  const Text text{.source = source, .name = name, .options = options, .block = block, .size = expected};
  try {
    return read_text(text);
  } catch (const NameError& error) {
    throw_with_delimiter(error, text, true);
  } catch (const OptionError& error) {
    throw_with_delimiter(error, text, true);
  } catch (const FileError& error) {
    if (error.who() == name) throw;  // of all the file, not of a place in its text
    throw_with_delimiter(error, text, false);
  }
}

CsvData read_table(Source& source, const std::string& name, const CsvOptions& options, std::size_t block) {
  require_possible(options);
  const auto gzip = gunzipped(source, name);
  Source& text = gzip ? *gzip : source;
  const TextSize size = text_size(text);
  return parse_csv(text, name, options, block, size);
}

}  // namespace detail

CsvData read_csv(const std::string& path, const CsvOptions& options) {
  detail::require_possible(options);
  detail::FileSource source(path);
  return detail::read_table(source, path, options);
}

CsvData read_csv(std::istream& in, const std::string& name, const CsvOptions& options) {
  detail::require_possible(options);
  detail::StreamSource source(in, name);
  return detail::read_table(source, name, options);
}

}  // namespace tapedeck
