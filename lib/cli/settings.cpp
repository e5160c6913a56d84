#include "cli/settings.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <type_traits>
#include <variant>

#include "core/text.hpp"
#include "io/utf8.hpp"
#include "tapedeck/core/error.hpp"

namespace tapedeck::cli {
namespace {

/// Names every setting once, for both directions.
template <class S, class F>
void for_each_setting(S& s, const F& f) {
  f("data", s.data);
  f("labels", s.labels);
  f("target", s.targets);
  f("ignore", s.ignored);
  f("delimiter", s.delimiter);
  f("no_header", s.no_header);
  f("missing", s.missing);
  f("na", s.na);
  f("unknown", s.unknown);
  f("max_categories", s.max_categories);
  f("validation", s.validation);
  f("net", s.net);
  f("no_standardize", s.no_standardize);
  f("loss", s.loss);
  f("optimizer", s.optimizer);
  f("rate", s.rate);
  f("weight_decay", s.weight_decay);
  f("epochs", s.epochs);
  f("batch", s.batch);
  f("drop_last", s.drop_last);
  f("patience", s.patience);
  f("seed", s.seed);
  f("save_every", s.save_every);
  f("out", s.out);
}

std::string option(std::string key) {
  std::replace(key.begin(), key.end(), '_', '-');
  return "--" + key;
}

void require_utf8(const char* key, const std::string& text) {
  if (io::is_utf8(text)) return;
  throw OptionError({.who = option(key), .given = in_quotes(text), .wanted = "UTF-8, as a model's file is"});
}

void require_utf8(const char* key, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) require_utf8(key, text);
}

template <class T>
void require_utf8(const char* /*key*/, const T& /*value*/) {}

// Each returns false for a value of another type.
template <class T>
bool read(const JsonValue& value, T& into) {
  const T* given = std::get_if<T>(&value);
  if (given != nullptr) into = *given;
  return given != nullptr;
}

template <std::unsigned_integral T>
requires(!std::same_as<T, bool>) bool read(const JsonValue& value, T& into) {
  const auto* given = std::get_if<std::uint64_t>(&value);
  if (given != nullptr) into = *given;
  return given != nullptr;
}

bool read(const JsonValue& value, double& into) {
  return std::visit(
      [&]<class T>(const T& given) {
        constexpr bool number = std::is_arithmetic_v<T> && !std::is_same_v<T, bool>;
        if constexpr (number) into = static_cast<double>(given);
        return number;
      },
      value);
}

bool read(const JsonValue& value, std::vector<std::string>& into) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    into = {*text};
    return true;
  }
  return read<std::vector<std::string>>(value, into);
}

bool read(const JsonValue& value, std::optional<Index>& into) {
  if (std::holds_alternative<std::nullptr_t>(value)) {
    into.reset();
    return true;
  }
  return read(value, into.emplace());
}

}  // namespace

void require_possible(const Settings& settings) {
  for_each_setting(settings, [](const char* key, const auto& value) { require_utf8(key, value); });
  const auto refuse = [](const char* key, const std::string& given, const char* wanted) {
    throw OptionError({.who = option(key), .given = given, .wanted = wanted});
  };
  const auto require_count = [&](const char* key, Index value) {
    if (value == 0) refuse(key, "0", "at least 1");
  };
  require_count("epochs", settings.epochs);
  require_count("batch", settings.batch);
  require_count("max_categories", settings.max_categories);
  require_count("patience", settings.patience.value_or(1));
  if (settings.unknown != "error" && settings.unknown != "zero")
    refuse("unknown", in_quotes(settings.unknown), "error or zero");
  if (!(settings.validation >= 0 && settings.validation <= 0.99))
    refuse("validation", to_text(settings.validation), "0 to 0.99");
  if (!(settings.rate > 0 && std::isfinite(settings.rate)))
    refuse("rate", to_text(settings.rate), "a finite number above 0");
  if (!(settings.weight_decay >= 0 && std::isfinite(settings.weight_decay)))
    refuse("weight_decay", to_text(settings.weight_decay), "a finite number of at least 0");
  if (!(settings.save_every >= 0 && std::isfinite(settings.save_every)))
    refuse("save_every", to_text(settings.save_every), "a finite number of seconds of at least 0");
}

JsonObject to_json(const Settings& settings) {
  JsonObject all;
  for_each_setting(settings, [&]<class T>(const char* key, const T& value) {
    if constexpr (std::is_same_v<T, std::optional<Index>>) {
      all.members[key] = value ? JsonValue(*value) : JsonValue(nullptr);
    } else {
      all.members[key] = value;
    }
  });
  return all;
}

void set(Settings& settings, const JsonObject& all, const std::string& who) {
  std::map<std::string, std::function<bool(const JsonValue&)>> setters;
  for_each_setting(settings, [&](const char* key, auto& value) {
    setters[key] = [&value](const JsonValue& given) { return read(given, value); };
  });
  for (const auto& [key, value] : all.members) {
    const auto setter = setters.find(key);
    if (setter == setters.end()) {
      throw OptionError({.who = who,
                         .given = "the key " + in_quotes(key),
                         .wanted = "a long option of tapedeck train",
                         .hint = "with '_' for '-', such as weight_decay"});
    }
    if (!setter->second(value)) {
      throw OptionError(
          {.who = who, .given = in_quotes(key) + " is " + shown(value), .wanted = "what its option takes"});
    }
  }
}

void set_from_file(Settings& settings, const std::string& path) {
  std::ifstream file(path);
  std::error_code none;
  if (!file || std::filesystem::is_directory(path, none))
    throw FileError({.who = path, .given = "a file that cannot be read", .wanted = "JSON"});
  JsonObject all;
  try {
    all = JsonObject::parse(file);
  } catch (const JsonError& error) {
    if (error.byte == 0)
      throw OptionError({.who = path, .given = "no JSON object", .wanted = "{\"rate\": 0.01, ...}"});
    throw FileError({.who = path,
                     .given = "no JSON, from byte " + std::to_string(error.byte),
                     .wanted = "{\"rate\": 0.01, ...}"});
  }
  set(settings, all, path);
}

}  // namespace tapedeck::cli
