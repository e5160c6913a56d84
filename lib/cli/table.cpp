#include "cli/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <iterator>
#include <optional>
#include <span>
#include <sstream>
#include <variant>

#include "cli/number_in.hpp"
#include "core/text.hpp"
#include "io/sha256.hpp"
#include "io/utf8.hpp"
#include "tapedeck/core/error.hpp"
#include "tapedeck/io/csv.hpp"
#include "tapedeck/io/idx.hpp"

namespace tapedeck::cli {
namespace {

constexpr double byte_scale = 1.0 / 255;
const std::vector<std::string> missing_texts = {"NA", "NaN", "?", "null"};
const std::string categories_of = "categories of ";  // in JSON, with the name of the column

CsvOptions csv_options(const Settings& settings) {
  const std::string& delimiter = settings.delimiter;
  if (delimiter.size() != 1 && delimiter != "\\t") {
    throw OptionError(
        {.who = "--delimiter", .given = in_quotes(delimiter), .wanted = "one character, or \\t"});
  }
  CsvOptions options{.delimiter = delimiter == "\\t" ? '\t' : delimiter[0], .header = !settings.no_header};
  if (settings.missing == "skip") {
    options.missing = Missing::skip_row;
  } else if (settings.missing != "error") {
    const auto value = number_in<double>(settings.missing);
    if (!value || !std::isfinite(*value)) {
      throw OptionError(
          {.who = "--missing", .given = in_quotes(settings.missing), .wanted = "error, skip or a number"});
    }
    options.missing = Missing::value;
    options.missing_value = *value;
  }
  options.missing_texts = missing_texts;
  options.missing_texts_everywhere = settings.na;
  options.scalar = f32;
  return options;
}

// Returns columns by name, or by number for a file without a header.
std::vector<CsvColumn> csv_columns(const std::vector<std::string>& names, bool by_number, const char* who) {
  std::vector<CsvColumn> all;
  for (const std::string& name : names) {
    if (!by_number) {
      all.emplace_back(name);
      continue;
    }
    const auto number = number_in<Index>(name);
    if (!number) {
      throw OptionError({.who = who,
                         .given = in_quotes(name),
                         .wanted = "the number of a column, from 0",
                         .hint = "without a header columns have no names"});
    }
    all.emplace_back(*number);
  }
  return all;
}

// Names travel in the model's file, which is UTF-8.
void require_utf8(const std::string& path, const TableColumns& columns) {
  const auto require = [&](const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      if (io::is_utf8(name)) continue;
      throw FileError(
          {.who = path, .given = in_quotes(name), .wanted = "UTF-8", .hint = "iconv converts other files"});
    }
  };
  require(columns.features);
  require(columns.targets);
  require(columns.classes);
  for (const CsvCategories& column : columns.categories) require(column.names);
}

void require_no_table(const Settings& settings) {
  const auto refuse = [](const char* option) {
    throw OptionError(
        {.who = option, .given = "it is set for images", .wanted = "a CSV file, without --labels"});
  };
  if (!settings.targets.empty()) refuse("--target");
  if (!settings.ignored.empty()) refuse("--ignore");
  if (settings.no_header) refuse("--no-header");
}

std::vector<std::string> numbered(Index count) {
  std::vector<std::string> names;
  for (Index i = 0; i < count; ++i) names.push_back(std::to_string(i));
  return names;
}

// The same bits as read_idx() gives with that scale, which multiplies in double.
template <class T>
Matrix<float> scaled_bytes(const Matrix<T>& images) {
  Matrix<float> x(images.n_rows, images.n_cols, arma::fill::none);
  std::transform(images.begin(), images.end(), x.begin(),
                 [](T value) { return static_cast<float>(static_cast<double>(value) * byte_scale); });
  return x;
}

Table read_images(const std::string& images, const std::string& labels, Index classes) {
  Dataset data = read_idx(images, labels, {.scale = byte_scale, .classes = classes});
  const Index count = classes > 0 ? classes : data.labels().max() + 1;
  TableColumns columns{.features = numbered(data.features()),
                       .categories = {},
                       .targets = {"label"},
                       .classes = numbered(count)};
  return {.data = std::move(data), .origin = {}, .columns = std::move(columns), .skipped = {}};
}

// Reads a table as often as is asked: standard input gives its text only once.
class CsvFile {
 public:
  explicit CsvFile(const std::string& path) : path_(path) {
    if (path == "-") text_.assign(std::istreambuf_iterator<char>(std::cin), {});
  }

  CsvData read(const CsvOptions& options) const {
    if (path_ != "-") return read_csv(path_, options);
    std::istringstream in(text_);
    return read_csv(in, "standard input", options);
  }

 private:
  std::string path_;
  std::string text_;
};

// Returns a better origin than the one of the data, or nothing if that will do: float keeps 24 bits of the
// difference to it, and the spread of the data is to have 14 of them. Both are told by a sample, whose
// median and quartiles a few wild values do not move.
std::optional<arma::vec> better_origin(const CsvData& csv, const std::vector<bool>& category) {
  constexpr Index sample_size = 1001;
  constexpr double farthest = 1024;  // 2^(24 - 14)
  const auto& x = csv.data.x<float>();
  const Index step = std::max<Index>(1, x.n_cols / sample_size);
  arma::vec origin = csv.origin;
  bool better = false;
  for (Index r = 0; r < x.n_rows; ++r) {
    if (category[r]) continue;
    std::vector<double> sample;
    for (Index c = 0; c < x.n_cols; c += step) sample.push_back(x(r, c));
    std::sort(sample.begin(), sample.end());
    const double median = sample[sample.size() / 2];
    const double spread = sample[sample.size() * 3 / 4] - sample[sample.size() / 4];
    if (!(std::abs(median) > farthest * spread)) continue;
    origin(r) += median;
    better = true;
  }
  return better ? std::optional(origin) : std::nullopt;
}

}  // namespace

bool is_missing(const std::string& text) {
  const auto same = [](char a, char b) { return in_lower_case(a) == in_lower_case(b); };
  return std::any_of(missing_texts.begin(), missing_texts.end(), [&](const std::string& one) {
    return std::equal(one.begin(), one.end(), text.begin(), text.end(), same);
  });
}

bool TableColumns::are_consistent() const {
  auto next = categories.begin();
  for (const std::string& feature : features) {
    if (next != categories.end() && next->column == feature) ++next;
  }
  return next == categories.end();
}

Index TableColumns::inputs() const { return category_rows().size(); }

std::vector<bool> TableColumns::category_rows() const {
  std::vector<bool> rows;
  auto next = categories.begin();
  for (const std::string& feature : features) {
    const bool text = next != categories.end() && next->column == feature;
    rows.insert(rows.end(), text ? next->names.size() : 1, text);
    if (text) ++next;
  }
  return rows;
}

JsonObject to_json(const TableColumns& columns) {
  JsonObject json;
  json.members["features"] = columns.features;
  std::vector<std::string> of_text;
  for (const CsvCategories& column : columns.categories) {
    of_text.push_back(column.column);
    json.members[categories_of + column.column] = column.names;
  }
  json.members["categories"] = std::move(of_text);
  json.members["targets"] = columns.targets;
  json.members["classes"] = columns.classes;
  json.members["by_number"] = columns.by_number;
  return json;
}

TableColumns columns_from(const JsonObject& json) {
  const auto read = [&]<class T>(const std::string& key, T& into) {
    const auto found = json.members.find(key);
    const T* value = found == json.members.end() ? nullptr : std::get_if<T>(&found->second);
    if (value == nullptr) throw JsonError(0);
    into = *value;
  };
  TableColumns columns;
  read("features", columns.features);
  std::vector<std::string> of_text;
  read("categories", of_text);
  for (const std::string& column : of_text) {
    columns.categories.push_back({.column = column, .names = {}});
    read(categories_of + column, columns.categories.back().names);
  }
  read("targets", columns.targets);
  read("classes", columns.classes);
  read("by_number", columns.by_number);
  return columns;
}

Table read_training_table(const Settings& settings) {
  if (!settings.labels.empty()) {
    require_no_table(settings);
    if (!settings.classifies()) {
      throw OptionError(
          {.who = "--labels", .given = "labels for the loss " + settings.loss, .wanted = "cross-entropy"});
    }
    return read_images(settings.data, settings.labels, 0);
  }
  if (settings.targets.empty()) {
    throw OptionError(
        {.who = "--target", .given = "no target", .wanted = "the column that is to be predicted"});
  }
  CsvOptions options = csv_options(settings);
  options.targets = csv_columns(settings.targets, settings.no_header, "--target");
  options.ignored = csv_columns(settings.ignored, settings.no_header, "--ignore");
  options.classification = settings.classifies();
  options.text_features = true;
  options.most_categories = settings.max_categories;
  options.subtract_first = !settings.no_standardize;
  const CsvFile file(settings.data);
  CsvData csv = file.read(options);
  // Each time brings the origin 2^24 times as near; three are enough for any double.
  for (int i = 0; i < 3 && options.scalar == f32 && !csv.origin.empty(); ++i) {
    const TableColumns columns{
        .features = csv.feature_names, .categories = csv.categories, .targets = {}, .classes = {}};
    const std::optional<arma::vec> origin = better_origin(csv, columns.category_rows());
    if (!origin) break;
    options.subtract_first = false;
    options.origin = *origin;
    options.text_features = false;  // they are known by now; those of rows left out count no more
    options.features = csv_columns(csv.feature_names, settings.no_header, "DATA");
    options.ignored = {};
    options.categories = csv.categories;
    options.unknown_category = UnknownCategory::zeros;
    csv.data = Dataset(Matrix<float>(), Matrix<float>());  // its memory goes before the next is read
    csv = file.read(options);
  }
  Table table{.data = std::move(csv.data),
              .origin = std::move(csv.origin),
              .columns = {.features = std::move(csv.feature_names),
                          .categories = std::move(csv.categories),
                          .targets = std::move(csv.target_names),
                          .classes = std::move(csv.class_names),
                          .by_number = settings.no_header},
              .skipped = std::move(csv.skipped)};
  require_utf8(settings.data, table.columns);
  return table;
}

Table read_table(const std::string& path, const std::string& labels, const Settings& settings,
                 const TableColumns& columns, const arma::vec& origin, bool with_targets) {
  if (settings.labels.empty() && !labels.empty()) {
    throw OptionError({.who = "--labels", .given = labels, .wanted = "none: the model is one of CSV files"});
  }
  if (!settings.labels.empty() && with_targets) {
    if (labels.empty())
      throw OptionError({.who = "--labels", .given = "no labels", .wanted = "those of the images"});
    return read_images(path, labels, columns.classes.size());
  }
  if (!settings.labels.empty()) {
    const IdxTensor images = read_idx(path);
    Matrix<float> x = std::visit([](const auto& m) { return scaled_bytes(m); }, images.values);
    const Index count = x.n_cols;
    return {.data = Dataset(std::move(x), Matrix<double>(0, count)),
            .origin = {},
            .columns = columns,
            .skipped = {}};
  }
  CsvOptions options = csv_options(settings);
  options.features = csv_columns(columns.features, columns.by_number, path.c_str());
  options.categories = columns.categories;
  options.unknown_category = settings.unknown == "zero" ? UnknownCategory::zeros : UnknownCategory::error;
  options.origin = origin;
  if (with_targets) {
    options.targets = csv_columns(columns.targets, columns.by_number, path.c_str());
    options.classification = settings.classifies();
    options.classes = columns.classes;
  }
  CsvData csv = CsvFile(path).read(options);
  return {
      .data = std::move(csv.data), .origin = origin, .columns = columns, .skipped = std::move(csv.skipped)};
}

void report_skipped(const Table& table, const Console& console) {
  const Index count = table.skipped.size();
  if (count > 0) console.err << fmt::format("{} {} left out\n", count, count == 1 ? "row" : "rows");
}

std::string fingerprint(const Table& table) {
  io::Sha256 hash;
  const std::string names = to_json(table.columns).dump();
  hash.add(std::as_bytes(std::span(names)));
  hash.add(std::as_bytes(std::span(table.origin.memptr(), table.origin.n_elem)));
  for (const AnyMatrix* matrix : {&table.data.x(), &table.data.y()}) {
    std::visit([&](const auto& m) { hash.add(std::as_bytes(std::span(m.memptr(), m.n_elem))); }, *matrix);
  }
  return hash.hex();
}

}  // namespace tapedeck::cli
