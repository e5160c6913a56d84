#pragma once

/// @file
/// tapedeck predict, tapedeck evaluate and tapedeck inspect.

#include <string>
#include <vector>

#include "cli/console.hpp"

namespace tapedeck::cli {

/// Writes a line for each sample to a CSV file, or to the console if `out` is empty: the class and the
/// probability of each, or the outputs by the names of the targets.
void predict(const std::string& model, const std::string& data, const std::string& out,
             const Console& console);
/// Writes loss and, for classes, accuracy and how often which class was taken for which. `target` may be
/// empty: the columns that the model was trained on.
void evaluate(const std::string& model, const std::string& data, const std::string& labels,
              const std::vector<std::string>& targets, const Console& console);
/// Writes what is in a model's file.
void inspect(const std::string& model, const Console& console);

}  // namespace tapedeck::cli
