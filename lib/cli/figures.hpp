#pragma once

/// @file
/// How well a model answers samples whose targets are known.

#include <optional>
#include <string>

#include "cli/console.hpp"
#include "cli/model.hpp"
#include "tapedeck/train/metrics.hpp"

namespace tapedeck::cli {

struct Figures {
  double loss = 0;                              ///< of standardized targets
  std::optional<double> accuracy;               ///< of classes
  std::optional<IndexMatrix> confusion;         ///< classes x classes, see confusion_matrix()
  std::optional<RegressionMetrics> regression;  ///< of numbers, in the units of the targets
};
/// Compares the model's answers with the targets of standardized data.
Figures figures_of(Model& model, const Dataset& data);

/// Returns "loss 0.1, accuracy 0.9" or "loss 0.1, R2 0.9, MAE 3, RMSE 4", the latter for each target by its
/// name if there are several.
std::string to_text(const Figures& figures, const TableColumns& columns, const std::string& separator);

/// Warns if always answering with the most frequent class would be as good. `part` says of which samples.
void warn_of_no_skill(const Figures& figures, const TableColumns& columns, const std::string& part,
                      const Console& console);

}  // namespace tapedeck::cli
