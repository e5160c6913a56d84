#include "cli/json.hpp"

#include <nlohmann/json.hpp>
#include <type_traits>
#include <utility>

namespace tapedeck::cli {
namespace {

// What nlohmann's parser reports to, event by event. Its functions have the names that it calls.
class ObjectReader {
 public:
  JsonObject take() { return std::move(object_); }

  bool null() { return put(nullptr); }
  bool boolean(bool value) { return put(value); }
  bool number_integer(std::int64_t value) { return put(value); }
  bool number_unsigned(std::uint64_t value) { return put(value); }
  bool number_float(double value, const std::string& /*digits*/) { return put(value); }
  bool string(std::string& text) { return put(std::move(text)); }
  bool binary(std::vector<std::uint8_t>& /*bytes*/) { return true; }  // not in text
  bool key(std::string& text) {
    if (depth_ == 1) key_ = std::move(text);
    return true;
  }
  bool start_object(std::size_t /*size*/) {
    if (depth_ > 0) put(NestedJson{"an object"});
    ++depth_;
    return true;
  }
  bool start_array(std::size_t /*size*/) {
    if (depth_ == 1) {
      object_.members[key_] = std::vector<std::string>();
    } else {
      put(NestedJson{"an array"});
    }
    ++depth_;
    return true;
  }
  bool end_object() { return end(); }
  bool end_array() { return end(); }
  bool parse_error(std::size_t byte, const std::string& /*token*/, const std::exception& /*error*/) {
    throw JsonError(byte);
  }

 private:
  // A member, or an element of the list that one is.
  bool put(JsonValue value) {
    if (depth_ == 0) throw JsonError(0);
    if (depth_ == 1) {
      object_.members[key_] = std::move(value);
    } else if (auto* list = std::get_if<std::vector<std::string>>(&object_.members[key_])) {
      if (auto* text = std::get_if<std::string>(&value)) {
        list->push_back(std::move(*text));
      } else {
        object_.members[key_] = NestedJson{"an array"};
      }
    }
    return true;
  }
  bool end() {
    --depth_;
    return true;
  }

  JsonObject object_;
  std::string key_;  // of the member that is being read
  std::size_t depth_ = 0;
};

template <class Text>
JsonObject parse_from(Text& text) {
  ObjectReader reader;
  nlohmann::json::sax_parse(text, &reader);
  return reader.take();
}

// Of texts, numbers and the like, which allocate nothing when they are destroyed.
template <class T>
std::string plain(const T& value) {
  return nlohmann::json(value).dump();
}

std::string list_of(const std::vector<std::string>& texts, const std::string& line, const std::string& end) {
  std::string json = "[";
  for (const std::string& text : texts) json += (json.size() == 1 ? "" : ",") + line + plain(text);
  return json + (texts.empty() ? "" : end) + "]";
}

}  // namespace

JsonObject JsonObject::parse(const std::string& text) { return parse_from(text); }
JsonObject JsonObject::parse(std::istream& text) { return parse_from(text); }

std::string JsonObject::dump(std::size_t indent) const {
  const std::string end = indent == 0 ? "" : "\n";
  const std::string line = end + std::string(indent, ' ');
  std::string json = "{";
  for (const auto& [key, value] : members) {
    json += (json.size() == 1 ? "" : ",") + line + plain(key) + (indent == 0 ? ":" : ": ");
    const auto* list = std::get_if<std::vector<std::string>>(&value);
    json += list == nullptr ? shown(value) : list_of(*list, line + std::string(indent, ' '), line);
  }
  return json + (members.empty() ? "" : end) + "}";
}

std::string dump(const JsonValue& value) {
  const auto* list = std::get_if<std::vector<std::string>>(&value);
  return list == nullptr ? shown(value) : list_of(*list, "", "");
}

std::string shown(const JsonValue& value) {
  return std::visit(
      []<class T>(const T& v) -> std::string {
        if constexpr (std::is_same_v<T, NestedJson>) {
          return v.kind;
        } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
          return "an array";
        } else {
          return plain(v);
        }
      },
      value);
}

}  // namespace tapedeck::cli
