// Any bytes are a table, or are refused; the same at any size of block, and of a file.

#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>

#include "fuzz/targets.hpp"
#include "io/csv_table.hpp"
#include "tapedeck/core/error.hpp"

namespace td = tapedeck;

namespace {

// The first two bytes choose among the options.
td::CsvOptions options_for(unsigned choice, unsigned of_features) {
  td::CsvOptions options;
  options.header = (choice & 1U) != 0;
  options.delimiter = (choice & 2U) != 0 ? ';' : ',';
  options.missing = static_cast<td::Missing>((choice >> 2U) % 3);
  options.allow_non_finite = (choice & 16U) != 0;
  options.classification = (choice & 32U) != 0;
  if (options.classification || (choice & 64U) != 0) options.targets = {0};
  if ((choice & 128U) != 0) options.ignored = {1};
  if ((of_features & 1U) != 0) {
    options.text_features = true;
    options.most_categories = 3;
  } else if ((of_features & 2U) != 0) {
    options.categories = {{options.header ? "c" : "2", {"x", "y"}}};
  }
  if ((of_features & 4U) != 0) options.unknown_category = td::UnknownCategory::zeros;
  if ((of_features & 8U) != 0) options.missing_texts = {"NA", "?", "1"};
  options.missing_texts_everywhere = (of_features & 16U) != 0;
  if ((of_features & 32U) != 0) options.scalar = td::f32;
  options.subtract_first = (of_features & 64U) != 0;
  return options;
}

void require(bool holds, const char* what) {
  if (!holds) throw std::logic_error(what);
}

template <class T>
std::string bytes_of(const td::Matrix<T>& m) {
  return std::string(reinterpret_cast<const char*>(m.memptr()), m.n_elem * sizeof(T)) + '\n';
}

std::string bytes_of(const td::CsvData& table) {
  std::string bytes = std::visit([](const auto& m) { return bytes_of(m); }, table.data.x());
  bytes += std::visit([](const auto& m) { return bytes_of(m); }, table.data.y());
  bytes += bytes_of(table.origin);
  for (const std::string& name : table.feature_names) bytes += name + '\n';
  for (const std::string& name : table.class_names) bytes += name + '\n';
  for (const auto& [column, names] : table.categories) {
    bytes += column + '\n';
    for (const std::string& name : names) bytes += name + '\n';
  }
  for (const td::Index row : table.skipped) bytes += std::to_string(row) + '\n';
  return bytes;
}

void require_sizes(const td::CsvData& table, const td::CsvOptions& options) {
  td::Index rows = table.feature_names.size() - table.categories.size();
  for (const auto& [column, names] : table.categories) {
    rows += names.size();
    require(!names.empty(), "a column of no categories");
    require(!options.text_features || names.size() <= options.most_categories, "too many categories");
  }
  require(table.data.features() == rows, "rows of x that no feature has");
  require(table.origin.n_elem == (options.subtract_first ? rows : 0), "another number of origins");
}

template <class Read>
std::string outcome(const Read& read, const td::CsvOptions& options) {
  try {
    const td::CsvData table = read();
    require_sizes(table, options);
    return bytes_of(table);
  } catch (const td::Error& error) {
    return error.what();
  }
}

// Reads it again with the categories that were found, which must change nothing.
void require_round_trip(std::string_view text, td::CsvOptions options) {
  try {
    td::detail::MemorySource source(text);
    const td::CsvData table = td::detail::read_table(source, "fuzz", options, 4096);
    options.text_features = false;
    options.categories = table.categories;
    options.classes = table.class_names;
    options.unknown_category = td::UnknownCategory::zeros;  // of rows left out
    require(bytes_of(td::detail::read_table(source, "fuzz", options, 4096)) == bytes_of(table),
            "known categories change a table");
  } catch (const td::Error&) {
  }
}

}  // namespace

void fuzz::csv(std::string_view bytes) {
  if (bytes.size() < 2) return;
  const std::string_view text = bytes.substr(2);
  const td::CsvOptions options =
      options_for(static_cast<unsigned char>(bytes[0]), static_cast<unsigned char>(bytes[1]));
  td::detail::MemorySource source(text);
  const auto in_blocks = [&](std::size_t block) {
    return outcome([&] { return td::detail::parse_csv(source, "fuzz", options, block); }, options);
  };
  const std::string table = in_blocks(4096);
  require(in_blocks(7) == table, "the size of blocks changes a table");
  const std::string of_file =
      outcome([&] { return td::detail::read_table(source, "fuzz", options, 4096); }, options);
  require(of_file == table || text.starts_with("\x1f\x8b"), "the size of the file changes a table");
  if (options.text_features) require_round_trip(text, options);
}
