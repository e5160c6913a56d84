#include "io/csv_columns.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "core/nearest.hpp"
#include "core/text.hpp"
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

void require_distinct_classes(const std::vector<std::string>& classes) {
  std::unordered_set<std::string_view> seen;
  for (const std::string& name : classes) {
    if (name.empty()) refuse_option(reader, "an empty name in classes", "text");
    if (!seen.insert(name).second) {
      refuse_option(reader, in_quotes(name) + " twice in classes", "every class once");
    }
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

 private:
  void take(Index column, const char* list, CsvUse::Kind kind, std::vector<Index>& order) {
    owners_[column] = list;
    columns_.uses[column] = {kind, order.size()};
    order.push_back(column);
  }

  Index position(const CsvColumn& wanted, const char* list) const {
    if (const auto* name = std::get_if<std::string>(&wanted.which())) return position(*name, list);
    const Index number = std::get<Index>(wanted.which());
    if (number < owners_.size()) return number;
    refuse_option(file_, "column " + std::to_string(number) + " in " + list,
                  "less than " + std::to_string(owners_.size()) + ", the number of columns",
                  number >> 63U != 0 ? "was it negative?" : "columns are counted from 0");
  }

  Index position(const std::string& name, const char* list) const {
    const std::vector<std::string>& names = columns_.names;
    if (names.empty()) {
      refuse_option(file_, "column " + in_quotes(name) + " in " + list + " of a table without a header",
                    "a number, counted from 0");
    }
    const auto found = std::find(names.begin(), names.end(), name);
    if (found != names.end()) return static_cast<Index>(found - names.begin());
    throw NameError(
        {.who = file_,
         .given = "no column " + in_quotes(name) + ", which " + list + " ask for",
         .hint = nearest_name(name, names, [](const std::string& n) -> const std::string& { return n; })});
  }

  const std::string& file_;
  CsvColumns& columns_;
  std::vector<const char*> owners_;  // the list that each column is in
};

}  // namespace

std::string CsvColumns::text_of(Index column) const {
  return "column " + (names.empty() ? std::to_string(column) : in_quotes(names[column]));
}

std::vector<std::string> CsvColumns::names_of(const std::vector<Index>& columns) const {
  std::vector<std::string> texts;
  texts.reserve(columns.size());
  for (const Index column : columns) texts.push_back(names.empty() ? std::to_string(column) : names[column]);
  return texts;
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
  if (!options.features.empty() && !options.ignored.empty()) {
    refuse_option(reader, "both features and ignored", "one of them",
                  "what is neither in features nor in targets is ignored");
  }
  require_distinct_classes(options.classes);
}

CsvColumns csv_columns(const std::string& name, const CsvOptions& options, std::vector<std::string> names,
                       Index count) {
  using Kind = CsvUse::Kind;
  CsvColumns columns{
      .names = std::move(names), .uses = std::vector<CsvUse>(count), .features = {}, .targets = {}};
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
  return columns;
}

}  // namespace tapedeck::detail
