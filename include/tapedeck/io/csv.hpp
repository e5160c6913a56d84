#pragma once

/// @file
/// Tables of numbers as text: comma-separated values, and their like with other delimiters.

#include <concepts>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tapedeck/data/dataset.hpp"

namespace tapedeck {

/// A column of a table: by its name in the header, or by its number, counted from 0.
class CsvColumn {
 public:
  // NOLINTBEGIN(google-explicit-constructor): columns are listed as names and numbers, `{"x", 3}`
  /// The column of this name.
  CsvColumn(std::string name) : which_(std::move(name)) {}
  /// The column of this name.
  CsvColumn(const char* name) : which_(std::string(name)) {}
  /// The column of this number.
  CsvColumn(std::integral auto number) : which_(static_cast<Index>(number)) {}
  // NOLINTEND(google-explicit-constructor)

  /// The name or the number, whichever was given.
  const std::variant<std::string, Index>& which() const { return which_; }

 private:
  std::variant<std::string, Index> which_;
};

/// What becomes of a row in which a field that is used is empty.
enum class Missing : std::uint8_t {
  error,     ///< a FileError
  skip_row,  ///< the row is left out and counted
  value      ///< a number takes its place in a feature; an empty target or class label is a FileError
};

/// A column of text that became features: one row of x for each category, which is 1 where the sample has it
/// and 0 elsewhere.
struct CsvCategories {
  std::string column;              ///< its name; its number without a header
  std::vector<std::string> names;  ///< of the categories; in the order of their bytes if they were found
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"  // GCC's, of the initializer `zeros`
/// What becomes of a category that is not among the known ones.
enum class UnknownCategory : std::uint8_t {
  error,  ///< a FileError
  zeros   ///< the sample has none of the column's categories
};
#pragma GCC diagnostic pop

/// What a table looks like, and what is taken from it.
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): what belongs together stands together
struct CsvOptions {
  /// What stands between fields: an ASCII character that is no letter or digit, no quote, point, plus or
  /// minus, and no CR, LF or NUL.
  char delimiter = ',';
  bool header = true;                    ///< the first row holds the names of the columns
  std::vector<CsvColumn> targets = {};   ///< become y, in this order; none by default: y is 0 x samples
  std::vector<CsvColumn> features = {};  ///< become x, in this order; empty: all that are named nowhere else
  std::vector<CsvColumn> ignored = {};   ///< are not looked at; to be given only if `features` are not
  bool classification = false;  ///< the one target holds class labels, any text; else targets are numbers
  /// The classes, so that a label's place is its number; any other label is an error. Empty: those that occur
  /// in the rows taken, in order: by value if all are numbers, otherwise by their bytes. Give the
  /// `class_names` of the training data when reading the test data.
  std::vector<std::string> classes = {};
  Missing missing = Missing::error;  ///< of fields that are used
  /// Of a number, for Missing::value; NaN is possible. A sample without a category has zeros.
  double missing_value = 0;
  bool allow_non_finite = false;  ///< take `nan`, `inf` and `infinity`, in any case, with or without a sign
  /// Feature columns that hold any text become categories: those that occur in the rows taken. A column whose
  /// fields are all numbers, or missing, stays one of numbers. If false, text is an error.
  bool text_features = false;
  /// In one column found by `text_features`, 1 or more, counted in all rows; a column with more is a
  /// FileError, which names all such columns.
  Index most_categories = 100;
  /// Feature columns that are categories, as the training data gave them in `CsvData::categories`; all other
  /// features are numbers. Give them, and the training data's `feature_names` as `features`, when reading
  /// other data; not with `text_features`.
  std::vector<CsvCategories> categories = {};
  UnknownCategory unknown_category = UnknownCategory::error;  ///< of a column in `categories`
  /// Texts that count as an empty field, such as NA or ?, whatever the case of their ASCII letters. They do
  /// in columns of numbers; a number may be among them.
  std::vector<std::string> missing_texts = {};
  bool missing_texts_everywhere = false;  ///< in categories and class labels too
  Scalar scalar = f64;                    ///< of x; y is double, or class labels
  /// x holds value - origin, where the origin of a row is its first finite value in a row taken, so that
  /// float keeps the digits of columns far from 0. Rounding to float costs at most 2^-24 sqrt(2n) standard
  /// deviations of the row, for n samples. The origin of a category is 0.
  bool subtract_first = false;
  /// x holds value - origin: one element for each row of x. Give the `origin`, or the mean, of the training
  /// data when reading other data, so that a sample does not depend on the others. Empty: nothing is
  /// subtracted; not with `subtract_first`.
  arma::vec origin = {};
};

/// A table as data, with the names that it came with.
struct CsvData {
  Dataset data;  ///< x in `CsvOptions::scalar`; y in double, or class labels
  /// Of the columns that became x, in order; numbers from 0 if there is no header. A column of numbers is one
  /// row of x, one of categories as many as it has.
  std::vector<std::string> feature_names;
  std::vector<std::string> target_names;  ///< of the targets; likewise
  std::vector<std::string> class_names;   ///< of class 0, 1, ...; empty unless labels were read
  std::vector<CsvCategories> categories;  ///< of the features that are text, in the order of `feature_names`
  arma::vec origin;                       ///< what was subtracted from each row of x; empty if nothing was
  std::vector<Index> skipped;             ///< rows of data left out, counted from 0, ascending
};

/// Reads a table; one row is one sample, and becomes one column.
///
///     const td::CsvData iris = td::read_csv("iris.csv", {.targets = {"species"}, .classification = true});
///
/// Fields may stand in quotes and then hold delimiters, line breaks, and quotes, doubled (RFC 4180). Lines
/// end in LF or CRLF, the last one may end without. Blanks (spaces, and tabs) around a field count for
/// nothing outside of quotes. A UTF-8 byte order mark is passed over, and so are empty lines at the end, but
/// nowhere else. Every row has as many fields as the first one, and there is at least one row of data.
///
/// A number is decimal, with a point: `-1`, `+1`, `.5`, `5.`, `1.5e-3`; it becomes the nearest double,
/// whatever the locale. One too large or too small for a double is an error, not infinity or 0.
///
/// The file may be compressed by gzip, whatever its name. It is read twice, in pieces: for its lines, and
/// then for its numbers; where `text_features` meet text, up to three times more. Memory is needed for the
/// result, one megabyte, the names, and the longest field (at most 1 MiB).
///
/// Throws FileError if the file cannot be read (folders, pipes and devices are refused) or is not such a
/// table; it then says `path:line:column: ...`, both counted from 1, the column in bytes. With
/// `text_features` also if a feature has no value at all. OptionError if an option is out of range, if a
/// column is named twice or if no features are left; NameError if a column is not in the header. If another
/// delimiter separates the first lines into fields, the hint says so.
TAPEDECK_API CsvData read_csv(const std::string& path, const CsvOptions& options = {});

/// Reads a table from all that the stream still gives, which it keeps in memory while it reads; `name` stands
/// in errors where the path would.
TAPEDECK_API CsvData read_csv(std::istream& in, const std::string& name, const CsvOptions& options = {});

}  // namespace tapedeck
