#pragma once

/// @file
/// tapedeck predict, evaluate, inspect and export.

#include <string>
#include <vector>

#include "cli/console.hpp"

namespace tapedeck::cli {

/// Writes a line for each row of the data to a CSV file, or to standard output if `out` is empty: the class
/// and the probability of each, or the numbers by the names of the targets. With a model trained with
/// --missing skip, a row with a missing value gets a line of empty fields.
void predict(const std::string& model, const std::string& data, const std::string& out,
             const Console& console);
/// Writes loss and, for classes, accuracy and which class was taken for which; for numbers, R2, MAE and RMSE.
/// `targets` may be empty: the columns that the model was trained on.
void evaluate(const std::string& model, const std::string& data, const std::string& labels,
              const std::vector<std::string>& targets, const Console& console);
/// Writes what is in a model's file.
void inspect(const std::string& model, const Console& console);
/// Writes parameters and buffers alone, as PyTorch's load_state_dict takes them. The metadata have, as JSON,
/// the columns, the classes, and the means and deviations of inputs and targets.
void export_weights(const std::string& model, const std::string& out);

}  // namespace tapedeck::cli
