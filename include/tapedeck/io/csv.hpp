#pragma once

/// @file
/// Tables of numbers as text: comma-separated values, and their like with other delimiters.

#include <concepts>
#include <cstdint>
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
  value      ///< a number takes its place; an empty class label is a FileError
};

/// What a table looks like, and what is taken from it.
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
  double missing_value = 0;          ///< for Missing::value; NaN is possible
  bool allow_non_finite = false;  ///< take `nan`, `inf` and `infinity`, in any case, with or without a sign
};

/// A table as data, with the names that it came with.
struct CsvData {
  Dataset data;                            ///< x in double; y in double, or class labels
  std::vector<std::string> feature_names;  ///< of the rows of x; numbers from 0 if there is no header
  std::vector<std::string> target_names;   ///< of the targets; likewise
  std::vector<std::string> class_names;    ///< of class 0, 1, ...; empty unless labels were read
  Index skipped_rows = 0;                  ///< how many were left out
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
/// The file is read twice, in pieces: for its lines, and then for its numbers. Memory is needed for the
/// result, one megabyte, the names, and the longest field (at most 1 MiB); at the end up to twice the result
/// where the samples are fewer than the lines, as with rows that are left out or quotes around line breaks.
///
/// Throws FileError if the file cannot be read (folders, pipes and devices are refused) or is not such a
/// table; it then says `path:line:column: ...`, both counted from 1, the column in bytes. OptionError if an
/// option is out of range, if a column is named twice or if no features are left; NameError if a column is
/// not in the header.
TAPEDECK_API CsvData read_csv(const std::string& path, const CsvOptions& options = {});

}  // namespace tapedeck
