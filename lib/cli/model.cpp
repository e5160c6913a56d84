#include "cli/model.hpp"

#include <map>
#include <utility>

#include "cli/network.hpp"
#include "cli/write_file.hpp"
#include "core/text.hpp"
#include "tapedeck/core/error.hpp"
#include "tapedeck/io/safetensors.hpp"
#include "tapedeck/layers/loss.hpp"
#include "tapedeck/optim/adam.hpp"
#include "tapedeck/optim/rmsprop.hpp"
#include "tapedeck/optim/sgd.hpp"

namespace tapedeck::cli {
namespace {

constexpr const char* settings_key = "settings";
constexpr const char* columns_key = "columns";
constexpr const char* data_key = "data";
constexpr const char* finished_key = "finished";

std::unique_ptr<Optimizer> make_optimizer(const Settings& s, ParameterStore& store) {
  if (s.optimizer == "sgd") {
    return std::make_unique<SGD>(store,
                                 SGD::Options{.learning_rate = s.rate, .weight_decay = s.weight_decay});
  }
  if (s.optimizer == "momentum") {
    return std::make_unique<SGD>(
        store, SGD::Options{.learning_rate = s.rate, .momentum = 0.9, .weight_decay = s.weight_decay});
  }
  if (s.optimizer == "adam") {
    return std::make_unique<AdamW>(store,
                                   AdamW::Options{.learning_rate = s.rate, .weight_decay = s.weight_decay});
  }
  if (s.optimizer == "rmsprop") {
    return std::make_unique<RMSprop>(
        store, RMSprop::Options{.learning_rate = s.rate, .weight_decay = s.weight_decay});
  }
  throw OptionError(
      {.who = "--optimizer", .given = in_quotes(s.optimizer), .wanted = "sgd, momentum, adam or rmsprop"});
}

Trainer::Loss make_loss(const Settings& s) {
  if (s.loss == "cross-entropy") return CrossEntropyLoss{batch_mean};
  if (s.loss == "mse") return MSELoss{element_mean};
  if (s.loss == "l1") return L1Loss{element_mean};
  if (s.loss == "huber") return HuberLoss{element_mean};
  throw OptionError(
      {.who = "--loss", .given = in_quotes(s.loss), .wanted = "cross-entropy, mse, l1 or huber"});
}

[[noreturn]] void refuse_file(const std::string& path, const std::string& given,
                              const std::string& hint = "") {
  throw FileError({.who = path, .given = given, .wanted = "a model that tapedeck train wrote", .hint = hint});
}

}  // namespace

ModelFile ModelFile::read(const std::string& path) {
  const StateDict state = read_safetensors(path);
  const auto words = [&](const char* key) -> const std::string& {
    const std::string* found = state.find_words(key);
    if (found == nullptr) refuse_file(path, std::string("a file without \"") + key + '"');
    return *found;
  };
  try {
    ModelFile file;
    file.columns = columns_from(JsonObject::parse(words(columns_key)));
    file.data_fingerprint = words(data_key);
    file.finished = words(finished_key) == "yes";
    set(file.settings, JsonObject::parse(words(settings_key)), path);
    require_possible(file.settings);
    if (file.columns.features.empty() || file.columns.targets.empty())
      refuse_file(path, "no features or no targets");
    if (!file.columns.are_consistent()) refuse_file(path, "categories of columns that are no features");
    return file;
  } catch (const JsonError&) {
    refuse_file(path, "settings that are no JSON");
  } catch (const OptionError& error) {
    refuse_file(path, "settings that this version does not take", error.what());
  }
}

std::optional<ModelFile> ModelFile::find(const std::string& path) {
  try {
    return read(path);
  } catch (const FileError&) {
    return std::nullopt;
  }
}

void require_no_model(const std::string& option, const std::string& path) {
  if (path.empty() || !is_replaced(path) || !ModelFile::find(path)) return;
  throw OptionError({.who = option,
                     .given = in_quotes(path) + " is a model",
                     .wanted = "another file",
                     .hint = "it would be overwritten"});
}

Model::Model(Settings settings, TableColumns columns)
    : settings_(std::move(settings)),
      columns_(std::move(columns)),
      store_({.seed = settings_.seed}),
      network_(make_network(settings_.net, columns_.inputs(), columns_.outputs(), store_)),
      optimizer_(make_optimizer(settings_, store_)),
      trainer_(store_, network_, *optimizer_, make_loss(settings_)),
      checkpoint_(store_) {
  checkpoint_.add("optimizer", *optimizer_).add("trainer", trainer_).add("scale", scale_);
  checkpoint_.set_words(settings_key, to_json(settings_).dump())
      .set_words(columns_key, to_json(columns_).dump());
}

void Model::save(const std::string& path, const std::string& data_fingerprint, bool finished) {
  checkpoint_.set_words(data_key, data_fingerprint).set_words(finished_key, finished ? "yes" : "no");
  checkpoint_.save(path);
}

}  // namespace tapedeck::cli
