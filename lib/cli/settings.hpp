#pragma once

/// @file
/// The settings of a training, as options and as JSON.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/json.hpp"
#include "tapedeck/core/matrix.hpp"

namespace tapedeck::cli {

/// The settings of `tapedeck train`. A model's file holds them as JSON, whose keys are the long options with
/// '_' for '-'.
struct Settings {
  // The data.
  std::string data;                  ///< a CSV file, or images in IDX
  std::string labels;                ///< their labels in IDX; empty for CSV
  std::vector<std::string> targets;  ///< columns of a CSV file
  std::vector<std::string> ignored;  ///< likewise; all others are features
  std::string delimiter = ",";
  bool no_header = false;
  std::string missing = "error";  ///< "error", "skip", or a number
  bool na = false;                ///< NA, NaN, ? and null are missing values in text columns too
  std::string unknown = "error";  ///< a category that training did not see: "error" or "zero"
  Index max_categories = 100;     ///< in one text column
  double validation = 0;          ///< fraction of the samples

  // The network.
  std::string net = "25,relu,25,relu";  ///< without the output layer
  bool no_standardize = false;          ///< of features, and of the targets of a regression

  // Training.
  std::string loss = "cross-entropy";
  std::string optimizer = "adam";
  double rate = 1e-3;
  double weight_decay = 0;
  Index epochs = 100;
  Index batch = 50;
  bool drop_last = false;         ///< leave out a last batch that is smaller
  std::optional<Index> patience;  ///< epochs without improvement after which it stops
  std::uint64_t seed = 0;
  double save_every = 30;  ///< seconds between saves; 0: after each epoch
  std::string out = "model.safetensors";

  bool classifies() const { return loss == "cross-entropy"; }
};

/// Throws OptionError unless numbers are in their ranges and text is UTF-8. Names of losses, optimizers and
/// layers are checked where they are used.
void require_possible(const Settings& settings);

JsonObject to_json(const Settings& settings);
/// Sets what the JSON holds. Throws OptionError, in the name of `who`, for an unknown key or a value of
/// another type.
void set(Settings& settings, const JsonObject& json, const std::string& who);
/// Reads settings from a JSON file.
void set_from_file(Settings& settings, const std::string& path);

}  // namespace tapedeck::cli
