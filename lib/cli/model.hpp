#pragma once

/// @file
/// A model with all that trains it, and the file that it is kept in.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/settings.hpp"
#include "cli/table.hpp"
#include "tapedeck/data/standardize.hpp"
#include "tapedeck/io/checkpoint.hpp"
#include "tapedeck/layers/sequential.hpp"
#include "tapedeck/optim/optimizer.hpp"
#include "tapedeck/param/parameter_store.hpp"
#include "tapedeck/train/trainer.hpp"

namespace tapedeck::cli {

/// Means and deviations of the features, once they are known.
struct Scale {
  std::vector<double> mean;
  std::vector<double> deviation;

  void fit(const Dataset& training);
  Dataset apply(const Dataset& data) const;
  void visit_state(StateVisitor& visitor);
};

/// What a file says of itself.
struct ModelFile {
  Settings settings;
  Columns columns;
  std::string data_fingerprint;
  bool finished = false;

  /// FileError if it is no model of this program.
  static ModelFile read(const std::string& path);
};

/// Everything is made anew from settings and columns, and then holds what a file had.
class Model {
 public:
  Model(Settings settings, Columns columns);
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  const Settings& settings() const { return settings_; }
  const Columns& columns() const { return columns_; }
  const Sequential& network() const { return network_; }
  ParameterStore& store() { return store_; }
  Scale& scale() { return scale_; }

  std::vector<EpochReport> fit(const Dataset& training, const FitOptions& options);
  double loss(const Dataset& data) { return trainer_.evaluate(scaled(data)); }
  /// Outputs for samples as they are in a file: logits for classes.
  Matrix<float> outputs(const Dataset& data);
  Dataset scaled(const Dataset& data) const;

  void save(const std::string& path, const std::string& data_fingerprint, bool finished);
  void load(const std::string& path) { checkpoint_.load(path); }

 private:
  Settings settings_;
  Columns columns_;
  ParameterStore store_;
  Sequential network_;
  std::unique_ptr<Optimizer> optimizer_;
  Trainer trainer_;
  Scale scale_;
  Checkpoint checkpoint_;
};

}  // namespace tapedeck::cli
