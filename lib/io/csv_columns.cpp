#include "io/csv_columns.hpp"

#include <charconv>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "core/nearest.hpp"
#include "core/text.hpp"
#include "io/csv_hints.hpp"
#include "tapedeck/core/error.hpp"

namespace tapedeck::detail {
namespace {

constexpr const char* reader = "read_csv";

[[noreturn]] void refuse_option(const std::string& who, const std::string& given, const std::string& wanted,
                                const std::string& hint = "") {
  throw OptionError({.who = who, .given = given, .wanted = wanted, .hint = hint});
}

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool can_delimit(char c) {
  const bool in_text = std::string_view("\".+-\r\n\0", 7).find(c) != std::string_view::npos;
  return !in_text && !is_letter_or_digit(c) && static_cast<unsigned char>(c) < 0x80;
}

void require_distinct(const std::vector<std::string>& names, const std::string& where,
                      const std::string& wanted) {
  std::unordered_set<std::string_view> seen;
  for (const std::string& name : names) {
    if (name.empty()) refuse_option(reader, "an empty name in " + where, "text");
    if (!seen.insert(name).second) refuse_option(reader, in_quotes(name) + " twice in " + where, wanted);
  }
}

void require_possible_categories(const CsvOptions& options) {
  if (options.most_categories == 0) refuse_option(reader, "most_categories = 0", "at least 1");
  if (options.text_features && !options.categories.empty()) {
    refuse_option(reader, "both text_features and categories", "one of them",
                  "categories that are known are not looked for");
  }
  for (const auto& [column, names] : options.categories) {
    const std::string where = "the categories of column " + in_quotes(column);
    if (names.empty()) refuse_option(reader, "no name in " + where, "at least 1");
    require_distinct(names, where, "every category once");
  }
}

// Gives columns to features and targets, each to one place at most.
class Planner {
 public:
  Planner(const std::string& file, CsvColumns& columns)
      : file_(file), columns_(columns), owners_(columns.uses.size()) {}

  void claim(const std::vector<CsvColumn>& wanted, const char* list, CsvUse::Kind kind,
             std::vector<Index>& order) {
    for (const CsvColumn& one : wanted) {
      const Index column = position(one, list);
      if (owners_[column] != nullptr) {
        refuse_option(file_, columns_.text_of(column) + " in " + owners_[column] + " and again in " + list,
                      "every column once");
      }
      take(column, list, kind, order);
    }
  }

  void claim_rest(std::vector<Index>& order) {
    for (Index column = 0; column < owners_.size(); ++column) {
      if (owners_[column] == nullptr) take(column, "features", CsvUse::Kind::feature, order);
    }
  }

  // The column that known categories are of.
  Index categorical(const std::string& name) {
    const Index column = position(column_called(name), "categories");
    if (columns_.uses[column].kind == CsvUse::Kind::feature) return column;
    refuse_option(file_, columns_.text_of(column) + " in categories, which is no feature",
                  "columns of features alone");
  }

 private:
  void take(Index column, const char* list, CsvUse::Kind kind, std::vector<Index>& order) {
    owners_[column] = list;
    columns_.uses[column] = {.kind = kind, .row = order.size()};
    order.push_back(column);
  }

  // As CsvData names it.
  CsvColumn column_called(const std::string& name) const {
    if (!columns_.names.empty()) return name;
    Index number = 0;
    const char* const last = name.data() + name.size();
    const auto [end, error] = std::from_chars(name.data(), last, number);
    if (error == std::errc() && end == last) return number;
    return name;
  }

  Index position(const CsvColumn& wanted, const char* list) {
    if (const auto* name = std::get_if<std::string>(&wanted.which())) return position(*name, list);
    const Index number = std::get<Index>(wanted.which());
    if (number < owners_.size()) return number;
    refuse_option(file_, "column " + std::to_string(number) + " in " + list,
                  "less than " + std::to_string(owners_.size()) + ", the number of columns",
                  number >> 63U != 0 ? "was it negative?" : "columns are counted from 0");
  }

  Index position(const std::string& name, const char* list) {
    const std::vector<std::string>& names = columns_.names;
    if (names.empty()) {
      refuse_option(file_, "column " + in_quotes(name) + " in " + list + " of a table without a header",
                    "a number, counted from 0");
    }
    if (numbers_.empty()) {
      for (Index column = 0; column < names.size(); ++column) numbers_.emplace(names[column], column);
    }
    if (const auto found = numbers_.find(name); found != numbers_.end()) return found->second;
    throw NameError(
        {.who = file_,
         .given = "no column " + in_quotes(name) + ", which " + list + " ask for",
         .hint = nearest_name(name, names, [](const std::string& n) -> const std::string& { return n; })});
  }

  const std::string& file_;
  CsvColumns& columns_;
  std::vector<const char*> owners_;                      // the list that each column is in
  std::unordered_map<std::string_view, Index> numbers_;  // by name, once one is asked for
};

}  // namespace

std::string CsvColumns::text_of(Index column) const {
  return "column " + (names.empty() ? std::to_string(column) : in_quotes(names[column]));
}

std::string CsvColumns::name_of(Index column) const {
  return names.empty() ? std::to_string(column) : names[column];
}

std::vector<std::string> CsvColumns::names_of(const std::vector<Index>& columns) const {
  std::vector<std::string> texts;
  texts.reserve(columns.size());
  for (const Index column : columns) texts.push_back(name_of(column));
  return texts;
}

void CsvColumns::set_categories(CategoryNames by_column) {
  categories.clear();
  x_rows = 0;
  for (const Index column : features) {
    CsvUse& use = uses[column];
    use = {.kind = CsvUse::Kind::feature, .row = x_rows};
    const auto found = by_column.find(column);
    if (found == by_column.end()) {
      ++x_rows;
      continue;
    }
    use.kind = CsvUse::Kind::category;
    use.categories = static_cast<std::uint32_t>(categories.size());
    x_rows += found->second.size();
    categories.push_back({.column = name_of(column), .names = std::move(found->second)});
  }
}

void require_possible(const CsvOptions& options) {
  if (!can_delimit(options.delimiter)) {
    refuse_option(reader, "delimiter = " + in_quotes({&options.delimiter, 1}),
                  "an ASCII character that no number, quote or line needs");
  }
  if (options.classification && options.targets.size() != 1) {
    refuse_option(reader, "classification with " + std::to_string(options.targets.size()) + " targets",
                  "1 target");
  }
  if (!options.classification && !options.classes.empty()) {
    refuse_option(reader, "classes without classification", "both or neither");
  }
  if (options.subtract_first && !options.origin.empty())
    refuse_option(reader, "both subtract_first and origin", "one of them");
  if (!options.features.empty() && !options.ignored.empty()) {
    refuse_option(reader, "both features and ignored", "one of them",
                  std::string(csv_hints::features_or_ignored));
  }
  require_distinct(options.classes, "classes", "every class once");
  require_possible_categories(options);
}

CsvColumns csv_columns(const std::string& name, const CsvOptions& options, std::vector<std::string> names,
                       Index count) {
  using Kind = CsvUse::Kind;
  CsvColumns columns{.names = std::move(names),
                     .uses = std::vector<CsvUse>(count),
                     .features = {},
                     .targets = {},
                     .categories = {}};
  Planner planner(name, columns);
  std::vector<Index> ignored;
  planner.claim(options.targets, "targets", options.classification ? Kind::label : Kind::target,
                columns.targets);
  planner.claim(options.ignored, "ignored", Kind::unused, ignored);
  planner.claim(options.features, "features", Kind::feature, columns.features);
  if (options.features.empty()) planner.claim_rest(columns.features);
  if (columns.features.empty()) {
    refuse_option(name, "no column is left for features", "at least 1", "is the delimiter right?");
  }
  CategoryNames known;
  for (const auto& [column, category_names] : options.categories) {
    if (!known.emplace(planner.categorical(column), category_names).second) {
      refuse_option(name, "column " + in_quotes(column) + " in categories and again in categories",
                    "every column once");
    }
  }
  columns.set_categories(std::move(known));
  return columns;
}

}  // namespace tapedeck::detail
