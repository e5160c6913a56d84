#pragma once

/// @file
/// What a training is made of, as options and as JSON.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/json.hpp"
#include "tapedeck/core/matrix.hpp"

namespace tapedeck::cli {

/// Those of `tapedeck train`. A model's file has them as JSON, whose keys are the long options with '_' for
/// '-'.
struct Settings {
  // The data.
  std::string data;                  ///< a CSV file, or images in IDX
  std::string labels;                ///< their labels in IDX; empty for CSV
  std::vector<std::string> targets;  ///< columns of a CSV file
  std::vector<std::string> ignored;  ///< likewise; all others are features
  std::string delimiter = ",";
  bool no_header = false;
  std::string missing = "error";  ///< "error", "skip", or a number
  double validation = 0;          ///< fraction of the samples

  // The network.
  std::string net = "25,relu,25,relu";  ///< without the output layer
  bool no_standardize = false;

  // Training.
  std::string loss = "cross-entropy";
  std::string optimizer = "adam";
  double rate = 1e-3;
  double weight_decay = 0;
  Index epochs = 100;
  Index batch = 50;
  std::optional<Index> patience;  ///< epochs without improvement after which it stops
  std::uint64_t seed = 0;
  Index checkpoint_every = 10;  ///< epochs
  std::string out = "model.safetensors";

  bool classifies() const { return loss == "cross-entropy"; }
};

/// OptionError unless numbers are in their ranges and text is UTF-8; names are looked at by who knows them.
void require_possible(const Settings& settings);

JsonObject to_json(const Settings& settings);
/// Sets what the JSON has. OptionError for an unknown key or a value of another type; `who` complains.
void set(Settings& settings, const JsonObject& json, const std::string& who);
/// Reads a file of them.
void set_from_file(Settings& settings, const std::string& path);

}  // namespace tapedeck::cli
