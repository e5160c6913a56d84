#include "io/csv_reader.hpp"

#include <algorithm>
#include <utility>

#include "core/text.hpp"
#include "tapedeck/core/error.hpp"

namespace tapedeck::detail {
namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

}  // namespace

void refuse_csv(const std::string& name, CsvPosition where, const std::string& given,
                const std::string& wanted, const std::string& hint) {
  throw FileError({.who = name + ":" + std::to_string(where.line) + ":" + std::to_string(where.column),
                   .given = given,
                   .wanted = wanted,
                   .hint = hint});
}

CsvReader::CsvReader(Source& source, std::string name, char delimiter, std::size_t block)
    : source_(source), name_(std::move(name)), delimiter_(delimiter) {
  buffer_.resize(std::max(block, byte_order_mark.size()) + decimal_window);
  for (const char c : {delimiter, '\r', '\n', '"', '\0'}) special_[static_cast<unsigned char>(c)] = true;
  size_ = read_fully(source_, buffer_.data(), buffer_.size() - decimal_window);
  buffer_[size_] = '\0';
  at_ = kept_ = buffer_.data();
  if (std::string_view(buffer_.data(), size_).starts_with(byte_order_mark)) {
    at_ += byte_order_mark.size();
    line_start_ = byte_order_mark.size();
  }
}

// --- The buffer

// Whether there is a character at p. At the end of what has been read, reads on; what is kept and p may then
// lie elsewhere.
bool CsvReader::more(const char*& p) {
  if (p != end()) return true;
  if (at_end_) return false;
  const auto kept = static_cast<std::size_t>(kept_ - buffer_.data());
  const auto ahead = static_cast<std::size_t>(p - kept_);
  size_ -= kept;
  if (size_ > longest_field) {
    refuse_csv(name_, field_, "a field of more than " + std::to_string(longest_field) + " bytes",
               "a shorter one");
  }
  std::copy_n(kept_, size_, buffer_.data());
  offset_ += kept;
  if (size_ + decimal_window >= buffer_.size()) buffer_.resize(2 * buffer_.size());
  const std::size_t count = source_.read(buffer_.data() + size_, buffer_.size() - decimal_window - size_);
  at_end_ = count == 0;
  size_ += count;
  buffer_[size_] = '\0';
  kept_ = buffer_.data();
  p = kept_ + ahead;
  return !at_end_;
}

void CsvReader::refuse_nul(const char* p) const {
  refuse_csv(name_, position_of(p), "a NUL byte", "text", "UTF-16 is not read");
}

// --- Rows

// Whether there is an LF or CRLF at p, which must not be the end; then puts p behind it.
bool CsvReader::ends_line(const char*& p) {
  if (*p == '\r') {
    ++p;
    if (!more(p) || *p != '\n') {
      refuse_csv(name_, position_of(p - 1), "a carriage return alone", "a line feed behind it");
    }
  }
  if (*p != '\n') return false;
  start_line(++p);
  return true;
}

bool CsvReader::begin_row() {
  const CsvPosition first = position();
  bool empty = false;
  kept_ = at_;
  while (more(at_) && ends_line(at_)) {
    empty = true;
    kept_ = at_;
  }
  if (at_ == end()) return false;
  if (empty)
    refuse_csv(name_, first, "an empty line", "a row of fields", "only at the end may lines be empty");
  row_ = position();
  return true;
}

// --- Fields

std::string_view CsvReader::take_field() {
  kept_ = at_;
  at_ = after_blanks(at_);
  kept_ = at_;
  field_ = position();
  if (at_ != end() && *at_ == '"') {
    end_field(after_blanks(quoted_end(at_ + 1)));
    return unquoted_;
  }
  const char* const last = plain_end(at_);
  const auto size = static_cast<std::size_t>(last - kept_);
  end_field(last);
  std::string_view text(kept_, size);  // which end_field may have moved
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

const char* CsvReader::after_blanks(const char* p) {
  while (more(p) && is_blank(*p)) kept_ = ++p;
  return p;
}

const char* CsvReader::plain_end(const char* p) {
  while (more(p) && !special_[static_cast<unsigned char>(*p)]) ++p;
  if (p != end() && *p == '"') {
    refuse_csv(name_, position_of(p), "a quote inside a field",
               "quotes around all of it, and this one doubled");
  }
  return p;
}

// The text goes to unquoted_; p is behind the opening quote, and then behind the closing one.
const char* CsvReader::quoted_end(const char* p) {
  unquoted_.clear();
  for (;;) {
    kept_ = p;
    if (!more(p))
      refuse_csv(name_, field_, "a quote that is not closed", "another one before the end of the file");
    if (unquoted_.size() > longest_field) {
      refuse_csv(name_, field_, "a field of more than " + std::to_string(longest_field) + " bytes",
                 "a shorter one", "is the quote not closed?");
    }
    const char c = *p++;
    if (c == '\0') refuse_nul(p - 1);
    if (c == '\n') start_line(p);
    if (c == '"') {
      kept_ = p;
      if (!more(p) || *p != '"') return p;
      ++p;
    }
    unquoted_ += c;
  }
}

void CsvReader::end_field(const char* p) {
  row_ended_ = true;
  if (more(p)) {
    if (*p == delimiter_) {
      row_ended_ = false;
      ++p;
    } else if (!ends_line(p)) {
      if (*p == '\0') refuse_nul(p);
      refuse_csv(name_, position_of(p), "text behind a closing quote", "a delimiter or the end of the line",
                 "quotes inside of quotes are doubled");
    }
  }
  at_ = p;
}

}  // namespace tapedeck::detail
