#pragma once

/// @file
/// tapedeck train and tapedeck resume.

#include <string>

#include "cli/console.hpp"
#include "cli/settings.hpp"

namespace tapedeck::cli {

/// Where to show how training went, if anywhere.
struct Reports {
  std::string curves;  ///< a CSV file: a line for each epoch
  std::string plot;    ///< an SVG file: losses over the epochs
};

/// Trains a new model and writes it to settings.out. Throws Interrupted if it was interrupted, after a save.
void train(const Settings& settings, const Reports& reports, const Console& console);
/// Goes on with a training that was stopped; says so if it was finished.
void resume(const std::string& path, const Reports& reports, const Console& console);

}  // namespace tapedeck::cli
