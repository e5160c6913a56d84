#include "io/safetensors_header.hpp"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "core/text.hpp"
#include "io/sha256.hpp"
#include "io/utf8.hpp"
#include "tapedeck/core/error.hpp"

namespace tapedeck::io {
namespace {

struct DtypeRow {
  const char* name;
  Index bits;
};
// In the order of the enumerators.
constexpr DtypeRow dtypes[] = {
    {"F64", 64},        {"F32", 32},    {"F16", 16},    {"BF16", 16},   {"I64", 64},    {"I32", 32},
    {"I16", 16},        {"I8", 8},      {"U64", 64},    {"U32", 32},    {"U16", 16},    {"U8", 8},
    {"BOOL", 8},        {"C64", 64},    {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8},
    {"F8_E5M2FNUZ", 8}, {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"F4", 4}};

const DtypeRow& row_of(Dtype dtype) { return dtypes[static_cast<std::size_t>(dtype)]; }

std::optional<Dtype> dtype_of(std::string_view name) {
  const auto* const it = std::find_if(std::begin(dtypes), std::end(dtypes),
                                      [&](const DtypeRow& row) { return name == row.name; });
  return it == std::end(dtypes) ? std::nullopt : std::optional(static_cast<Dtype>(it - std::begin(dtypes)));
}

// What the parser of JSON reports to, event by event: a document in its memory would keep the last of several
// equal keys. Its functions have the names that it calls.
class HeaderReader {
 public:
  explicit HeaderReader(const std::string& who) : who_(who) {}

  Header take() { return std::move(header_); }

  bool null();
  bool boolean(bool value) { return refuse_value(value ? "true" : "false"); }
  bool number_integer(std::int64_t value) {  // those with a minus
    return refuse_value(value == 0 ? "-0" : std::to_string(value));
  }
  bool number_unsigned(std::uint64_t value);
  bool number_float(double, const std::string& digits) { return refuse_value(cut(digits)); }
  bool string(const std::string& text);
  bool binary(const std::vector<std::uint8_t>&) { return refuse_value("binary"); }
  bool start_object(std::size_t);
  bool key(const std::string& text);
  bool end_object();
  bool start_array(std::size_t);
  bool end_array();
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error);

 private:
  // What comes next: a value, or in an object a key.
  enum class Next {
    header,
    name,
    tensor,
    words,
    words_name,
    words_value,
    field,
    dtype,
    shape,
    size,
    offsets,
    offset
  };

  [[noreturn]] void refuse(const std::string& given, const std::string& wanted,
                           const std::string& hint = "") const {
    throw FileError({.who = who_, .given = given, .wanted = wanted, .hint = hint});
  }
  [[noreturn]] bool refuse_value(const std::string& given) const;
  // The part that a fault is in: `tensor "w"`.
  std::string tensor() const { return "tensor " + in_quotes(tensor_.name); }
  static std::string cut(const std::string& digits) {
    return digits.size() <= 40 ? digits : digits.substr(0, 40) + "...";
  }

  void take_name(const std::string& name, const std::string& of);
  void take_field(const std::string& name);
  void finish_tensor();

  const std::string& who_;
  Header header_;
  Next next_ = Next::header;
  bool has_words_ = false;
  std::string word_;  // whose value comes next
  Tensor tensor_;     // that is being read, and which of its fields there were
  bool has_dtype_ = false;
  bool has_shape_ = false;
  bool has_offsets_ = false;
  std::vector<Index> offsets_;
};

bool HeaderReader::refuse_value(const std::string& given) const {
  switch (next_) {
    case Next::header:
      refuse("the header is " + given, "an object of tensors");
    case Next::tensor:
      refuse(tensor() + " is " + given, "an object with dtype, shape and data_offsets");
    case Next::words:
      refuse("the metadata is " + given, "an object of strings");
    case Next::words_value:
      refuse("the metadata " + in_quotes(word_) + " is " + given, "a string");
    case Next::dtype:
      refuse(tensor() + " has the dtype " + given, "a type of the format, such as \"F32\"");
    case Next::shape:
      refuse(tensor() + " has the shape " + given, "a list of sizes");
    case Next::size:
      refuse(tensor() + " has the size " + given + " in its shape", "a whole number, 0 or more, of 64 bits");
    case Next::offsets:
      refuse(tensor() + " has the data_offsets " + given, "a list of two offsets");
    default:
      refuse(tensor() + " has the offset " + given, "a whole number, 0 or more, of 64 bits");
  }
}

// Python's package takes metadata that are null for none.
bool HeaderReader::null() {
  if (next_ != Next::words) refuse_value("null");
  next_ = Next::name;
  return true;
}

bool HeaderReader::number_unsigned(std::uint64_t value) {
  if (next_ == Next::size) {
    if (tensor_.sizes.size() == most_dimensions)
      refuse(tensor() + " has more than 8 dimensions", "8 at most");
    tensor_.sizes.push_back(value);
  } else if (next_ == Next::offset) {
    if (offsets_.size() == 2)
      refuse(tensor() + " has more than two data_offsets", "where it begins and ends");
    offsets_.push_back(value);
  } else {
    refuse_value(std::to_string(value));
  }
  return true;
}

bool HeaderReader::string(const std::string& text) {
  if (next_ == Next::words_value) {
    if (text.find('\0') != std::string::npos) {
      refuse("the metadata " + in_quotes(word_) + " holds a zero byte", "text without");
    }
    if (!header_.words.emplace(word_, text).second) {
      refuse("the metadata " + in_quotes(word_) + " is there twice", "each name once");
    }
    next_ = Next::words_name;
  } else if (next_ == Next::dtype && dtype_of(text)) {
    tensor_.dtype = *dtype_of(text);
    next_ = Next::field;
  } else {
    refuse_value(in_quotes(text));
  }
  return true;
}

bool HeaderReader::start_object(std::size_t) {
  if (next_ == Next::header) {
    next_ = Next::name;
  } else if (next_ == Next::tensor) {
    next_ = Next::field;
  } else if (next_ == Next::words) {
    next_ = Next::words_name;
  } else {
    refuse_value("an object");
  }
  return true;
}

bool HeaderReader::key(const std::string& text) {
  if (next_ == Next::field) {
    take_field(text);
  } else if (next_ == Next::words_name) {
    take_name(text, "words in the metadata");
    word_ = text;
    next_ = Next::words_value;
  } else if (text == words_key) {
    if (std::exchange(has_words_, true)) refuse("the metadata is there twice", "it once");
    next_ = Next::words;
  } else {
    take_name(text, "a tensor");
    tensor_ = {.name = text, .dtype = {}, .sizes = {}};
    has_dtype_ = has_shape_ = has_offsets_ = false;
    offsets_.clear();
    next_ = Next::tensor;
  }
  return true;
}

void HeaderReader::take_name(const std::string& name, const std::string& of) {
  if (!name.empty() && name.size() <= longest_name && name.find('\0') == std::string::npos) return;
  refuse("the name " + in_quotes(name) + " of " + of, "1 to 512 bytes, none of them zero");
}

void HeaderReader::take_field(const std::string& name) {
  const auto take = [&](const char* field, bool& there, Next next) {
    if (name != field) return false;
    if (std::exchange(there, true)) refuse(tensor() + " has " + field + " twice", "it once");
    next_ = next;
    return true;
  };
  if (take("dtype", has_dtype_, Next::dtype) || take("shape", has_shape_, Next::shape) ||
      take("data_offsets", has_offsets_, Next::offsets)) {
    return;
  }
  refuse(tensor() + " has the field " + in_quotes(name), "dtype, shape and data_offsets alone");
}

bool HeaderReader::end_object() {
  if (next_ == Next::field) finish_tensor();
  next_ = Next::name;  // at the end of the header as well: nothing but the end of the text comes then
  return true;
}

void HeaderReader::finish_tensor() {
  for (const auto& [there, field] : {std::pair(has_dtype_, "dtype"), std::pair(has_shape_, "shape"),
                                     std::pair(has_offsets_, "data_offsets")}) {
    if (!there) refuse(tensor() + " has no " + field, "dtype, shape and data_offsets");
  }
  if (offsets_.size() != 2) {
    refuse(tensor() + " has " + std::to_string(offsets_.size()) + " data_offsets",
           "where it begins and ends");
  }
  tensor_.begin = offsets_[0];
  tensor_.end = offsets_[1];
  header_.tensors.push_back(std::move(tensor_));
}

bool HeaderReader::start_array(std::size_t) {
  if (next_ == Next::shape) {
    next_ = Next::size;
  } else if (next_ == Next::offsets) {
    next_ = Next::offset;
  } else {
    refuse_value("a list");
  }
  return true;
}

bool HeaderReader::end_array() {
  next_ = Next::field;
  return true;
}

bool HeaderReader::parse_error(std::size_t position, const std::string&,
                               const nlohmann::detail::exception& error) {
  constexpr int out_of_range = 406;
  if (error.id == out_of_range) refuse("a number in the header is too large", "whole numbers of 64 bits");
  refuse("the header is not JSON at its byte " + std::to_string(position - 1), "JSON, and blanks behind it");
}

void require_utf8(std::string_view json, const std::string& who) {
  const std::size_t valid = utf8_prefix(json);
  if (valid == json.size()) return;
  throw FileError({.who = who,
                   .given = "the header is not UTF-8 at its byte " + std::to_string(valid),
                   .wanted = "JSON in UTF-8"});
}

// The parser skips a byte-order mark, and takes a zero byte for the end.
void require_plain_json(std::string_view json, const std::string& who) {
  if (json.empty() || json.front() != '{') {
    throw FileError({.who = who,
                     .given = json.empty() ? "the header is empty"
                                           : "the header begins with " + in_quotes(json.substr(0, 1)),
                     .wanted = "\"{\""});
  }
  const std::size_t zero = json.find('\0');
  if (zero == std::string_view::npos) return;
  throw FileError({.who = who,
                   .given = "the header has a zero byte, its byte " + std::to_string(zero),
                   .wanted = "JSON, and blanks behind it"});
}

}  // namespace

const char* name_of(Dtype dtype) { return row_of(dtype).name; }

Index size_in_bits(Dtype dtype) { return row_of(dtype).bits; }

Header parse_header(std::string_view json, std::uint64_t buffer_size, const std::string& who) {
  require_utf8(json, who);
  require_plain_json(json, who);
  HeaderReader reader(who);
  nlohmann::json::sax_parse(json.begin(), json.end(), &reader);
  Header header = reader.take();
  require_layout(header.tensors, buffer_size, who);
  return header;
}

// --- Writing

std::string compose_header(const Header& header) {
  const auto quoted = [](std::string_view text) { return nlohmann::json(text).dump(); };
  std::string json =
      "{" + quoted(words_key) + ":{" + quoted(checksum_key) + ":\"" + std::string(Sha256::digits, '0') + '"';
  for (const auto& [name, words] : header.words) json += ',' + quoted(name) + ':' + quoted(words);
  json += '}';
  for (const Tensor& t : header.tensors) {
    std::string sizes;
    for (const Index size : t.sizes) {
      if (!sizes.empty()) sizes += ',';
      sizes += std::to_string(size);
    }
    json += ',' + quoted(t.name) + R"(:{"dtype":")" + name_of(t.dtype) + R"(","shape":[)" + sizes +
            R"(],"data_offsets":[)" + std::to_string(t.begin) + ',' + std::to_string(t.end) + "]}";
  }
  json += '}';
  json.append((8 - json.size() % 8) % 8, ' ');
  return json;
}

}  // namespace tapedeck::io
