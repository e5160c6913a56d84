#pragma once

/// @file
/// Text into rows and fields, piece by piece.

#include <string>
#include <string_view>

#include "io/number.hpp"
#include "io/source.hpp"
#include "tapedeck/core/matrix.hpp"

namespace tapedeck::detail {

/// A place in the text, both counted from 1; a column is a byte.
struct CsvPosition {
  Index line = 1;
  Index column = 1;
};

/// What a text that is no table says of itself.
[[noreturn]] void refuse_csv(const std::string& name, CsvPosition where, const std::string& given,
                             const std::string& wanted = "", const std::string& hint = "");

/// Goes through the fields of a text, one after another. `name` is who complains.
class CsvReader {
 public:
  /// What is read at a time; it grows for a field that is longer.
  static constexpr std::size_t usual_block = std::size_t{1} << 18U;
  static constexpr std::size_t longest_field = std::size_t{1} << 20U;

  CsvReader(Source& source, std::string name, char delimiter, std::size_t block);

  /// Whether there is another row; its first field is then the next.
  bool begin_row();
  /// Takes the next field if it is a plain finite number; otherwise nothing is taken.
  bool take_number(double& x);
  /// Takes the next field, without blanks and quotes around it. Valid until the next call.
  std::string_view take_field();
  /// Whether the field that was taken last ended its row.
  bool row_ended() const { return row_ended_; }

  /// Where the row, or the field that `take_field` took, begins.
  CsvPosition row_position() const { return row_; }
  CsvPosition field_position() const { return field_; }
  /// Where the next field is looked for.
  CsvPosition position() const { return position_of(at_); }
  const std::string& name() const { return name_; }

 private:
  CsvPosition position_of(const char* p) const {
    return {line_, offset_ + static_cast<Index>(p - buffer_.data()) - line_start_ + 1};
  }
  const char* end() const { return buffer_.data() + size_; }
  bool is_blank(char c) const { return (c == ' ' || c == '\t') && c != delimiter_; }

  bool more(const char*& p);
  bool ends_line(const char*& p);
  const char* after_blanks(const char* p);
  const char* plain_end(const char* p);
  const char* quoted_end(const char* p);
  void end_field(const char* p);
  void start_line(const char* p);
  [[noreturn]] void refuse_nul(const char* p) const;

  Source& source_;
  std::string name_;
  char delimiter_;
  bool special_[256] = {};  // whether a character ends a plain field, or must not be in one
  std::string buffer_;  // a NUL follows what has been read, so that a number ends there, and some more bytes
  std::size_t size_ = 0;
  const char* kept_;  // what more() must keep, up to the end
  const char* at_;
  bool at_end_ = false;  // nothing more comes from the source
  bool row_ended_ = true;
  Index offset_ = 0;  // of the buffer in the text
  Index line_ = 1;
  Index line_start_ = 0;  // its offset in the text
  CsvPosition row_;
  CsvPosition field_;
  std::string unquoted_;
};

inline bool CsvReader::take_number(double& x) {
  double value = 0;
  const char* p = short_decimal(at_, value);
  if (p == nullptr) p = read_decimal(at_, value);
  if (p == nullptr) return false;
  row_ended_ = *p != delimiter_;
  if (row_ended_) {
    if (*p == '\r') ++p;
    if (*p != '\n') return false;
    start_line(p + 1);
  }
  at_ = p + 1;
  x = value;
  return true;
}

inline void CsvReader::start_line(const char* p) {
  ++line_;
  line_start_ = offset_ + static_cast<Index>(p - buffer_.data());
}

}  // namespace tapedeck::detail
