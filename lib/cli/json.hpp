#pragma once

/// @file
/// JSON of one level, as the program's settings are.

#include <cstddef>
#include <cstdint>
#include <exception>
#include <istream>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace tapedeck::cli {

/// A text that is no JSON, from this byte on.
struct JsonError : std::exception {
  explicit JsonError(std::size_t at) : byte(at) {}
  const char* what() const noexcept override { return "no JSON"; }

  std::size_t byte;
};

/// A list or an object that is no list of texts: read, but not kept.
struct NestedJson {
  const char* kind;  ///< "an array" or "an object"
};

/// A value of an object's.
using JsonValue = std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string,
                               std::vector<std::string>, NestedJson>;

/// A JSON object of texts, numbers and lists of texts. Destroying one allocates nothing, which nlohmann's
/// does: where memory has ended, that ends the process.
struct JsonObject {
  std::map<std::string, JsonValue> members;

  /// Reads an object; of equal keys the last one counts. JsonError if it is no JSON or no object; the latter
  /// has byte 0.
  static JsonObject parse(const std::string& text);
  static JsonObject parse(std::istream& text);

  /// As JSON with sorted keys, on one line or, with an indent, on many.
  std::string dump(std::size_t indent = 0) const;
};

/// Returns a value as JSON on one line.
std::string dump(const JsonValue& value);

/// Returns a value as JSON; of a list or object only what it is.
std::string shown(const JsonValue& value);

}  // namespace tapedeck::cli
