#pragma once

/// @file
/// A model with all that trains it, and the file that it is kept in.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/scale.hpp"
#include "cli/settings.hpp"
#include "cli/table.hpp"
#include "tapedeck/data/dataset.hpp"
#include "tapedeck/io/checkpoint.hpp"
#include "tapedeck/layers/sequential.hpp"
#include "tapedeck/optim/optimizer.hpp"
#include "tapedeck/param/parameter_store.hpp"
#include "tapedeck/train/trainer.hpp"

namespace tapedeck::cli {

/// What a model's file says besides the values of parameters.
struct ModelFile {
  Settings settings;
  TableColumns columns;
  std::string data_fingerprint;
  bool finished = false;

  /// Throws FileError if the file is not a model of this program.
  static ModelFile read(const std::string& path);
  /// Returns the model at that path, or nothing if another file or none is there.
  static std::optional<ModelFile> find(const std::string& path);
};

/// Throws OptionError if a model is at that path: results of other commands do not replace it.
void require_no_model(const std::string& option, const std::string& path);

/// A network and all that trains it. It is made from settings and columns; `load` then restores its values.
class Model {
 public:
  Model(Settings settings, TableColumns columns);
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  const Settings& settings() const { return settings_; }
  const TableColumns& columns() const { return columns_; }
  const Sequential& network() const { return network_; }
  ParameterStore& store() { return store_; }
  Scale& scale() { return scale_; }

  std::vector<EpochReport> fit(const Dataset& training, const FitOptions& options) {
    return trainer_.fit(training, options);
  }
  /// Returns the loss of standardized data.
  double loss(const Dataset& data) { return trainer_.evaluate(data); }
  /// Returns outputs for standardized x: logits of classes, or standardized numbers.
  Matrix<float> outputs(const Matrix<float>& x) { return trainer_.predict(x); }

  void save(const std::string& path, const std::string& data_fingerprint, bool finished);
  void load(const std::string& path) { checkpoint_.load(path); }

 private:
  Settings settings_;
  TableColumns columns_;
  ParameterStore store_;
  Sequential network_;
  std::unique_ptr<Optimizer> optimizer_;
  Trainer trainer_;
  Scale scale_;
  Checkpoint checkpoint_;
};

}  // namespace tapedeck::cli
