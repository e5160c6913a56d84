#include "cli/settings.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <map>

#include "core/text.hpp"
#include "io/utf8.hpp"
#include "tapedeck/core/error.hpp"

namespace tapedeck::cli {
namespace {

using nlohmann::json;

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
  f("validation", s.validation);
  f("net", s.net);
  f("no_standardize", s.no_standardize);
  f("loss", s.loss);
  f("optimizer", s.optimizer);
  f("rate", s.rate);
  f("weight_decay", s.weight_decay);
  f("epochs", s.epochs);
  f("batch", s.batch);
  f("patience", s.patience);
  f("seed", s.seed);
  f("checkpoint_every", s.checkpoint_every);
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

// Objects and arrays may be nested too deeply to be written out.
std::string shown(const json& value) {
  return value.is_structured() ? std::string("an ") + value.type_name() : value.dump();
}

void read(const json& value, std::vector<std::string>& into) {
  if (value.is_array()) {
    into = value.get<std::vector<std::string>>();
  } else {
    into = {value.get<std::string>()};
  }
}

void read(const json& value, std::optional<Index>& into) {
  if (value.is_null()) {
    into.reset();
  } else {
    into = value.get<Index>();
  }
}

template <class T>
void read(const json& value, T& into) {
  constexpr bool whole = std::is_integral_v<T> && !std::is_same_v<T, bool>;
  if (whole && !value.is_number_unsigned()) throw json::type_error::create(302, "a whole number", &value);
  into = value.get<T>();
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
  require_count("checkpoint_every", settings.checkpoint_every);
  require_count("patience", settings.patience.value_or(1));
  if (!(settings.validation >= 0 && settings.validation <= 0.99))
    refuse("validation", to_text(settings.validation), "0 to 0.99");
  if (!(settings.rate > 0 && std::isfinite(settings.rate)))
    refuse("rate", to_text(settings.rate), "a finite number above 0");
  if (!(settings.weight_decay >= 0 && std::isfinite(settings.weight_decay)))
    refuse("weight_decay", to_text(settings.weight_decay), "a finite number of at least 0");
}

json to_json(const Settings& settings) {
  json all = json::object();
  for_each_setting(settings, [&]<class T>(const char* key, const T& value) {
    if constexpr (std::is_same_v<T, std::optional<Index>>) {
      all[key] = value ? json(*value) : json(nullptr);
    } else {
      all[key] = value;
    }
  });
  return all;
}

void set(Settings& settings, const json& all, const std::string& who) {
  if (!all.is_object())
    throw OptionError({.who = who, .given = "no JSON object", .wanted = "{\"rate\": 0.01, ...}"});
  std::map<std::string, std::function<void(const json&)>> setters;
  for_each_setting(settings, [&](const char* key, auto& value) {
    setters[key] = [&value](const json& given) { read(given, value); };
  });
  for (const auto& [key, value] : all.items()) {
    const auto setter = setters.find(key);
    if (setter == setters.end()) {
      throw OptionError({.who = who,
                         .given = "the key " + in_quotes(key),
                         .wanted = "a long option of tapedeck train",
                         .hint = "with '_' for '-', such as weight_decay"});
    }
    try {
      setter->second(value);
    } catch (const json::exception&) {
      throw OptionError(
          {.who = who, .given = in_quotes(key) + " is " + shown(value), .wanted = "what its option takes"});
    }
  }
}

void set_from_file(Settings& settings, const std::string& path) {
  std::ifstream file(path);
  if (!file) throw FileError({.who = path, .given = "a file that cannot be read", .wanted = "JSON"});
  json all;
  try {
    all = json::parse(file);
  } catch (const json::parse_error& error) {
    throw FileError({.who = path,
                     .given = "no JSON, from byte " + std::to_string(error.byte),
                     .wanted = "{\"rate\": 0.01, ...}"});
  }
  set(settings, all, path);
}

}  // namespace tapedeck::cli
