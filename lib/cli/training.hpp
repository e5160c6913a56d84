#pragma once

/// @file
/// tapedeck train and tapedeck resume.

#include <string>

#include "cli/console.hpp"
#include "cli/settings.hpp"

namespace tapedeck::cli {

/// What a training writes besides the model.
struct Reports {
  std::string curves;  ///< a CSV file: a line for each epoch; empty for none
  std::string plot;    ///< an SVG file: losses over the epochs; empty for none
  bool quiet = false;  ///< no progress on standard error
};

/// Trains a new model and writes it to settings.out. Throws Interrupted if it was interrupted, after a save.
/// A file that is there already is replaced only with `overwrite`, or by the same training: OptionError
/// otherwise. `config` is the file that settings were read from, or empty.
void train(Settings settings, const Reports& reports, const std::string& config, bool overwrite,
           const Console& console);

/// Continues a training that was stopped, or says that it is finished. `data` and `labels` say where the data
/// are now; empty: where they were.
void resume(const std::string& path, const std::string& data, const std::string& labels,
            const Reports& reports, const Console& console);

}  // namespace tapedeck::cli
