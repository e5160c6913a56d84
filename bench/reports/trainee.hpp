#pragma once

/// @file
/// One trial of an experiment.

#include "reports/outcome.hpp"
#include "tapedeck/core/random.hpp"

namespace tapedeck::reports {

/// The training points of a trial; see `train_once`.
Dataset training_points(const Experiment& experiment, const Random& random);

/// Trains a network and measures it. Everything random in it follows from the stream, so that experiments
/// with the same stream meet the same data. The library's errors pass through, but for that of divergence.
Trial train_once(const Experiment& experiment, const Random& random, bool with_picture);

}  // namespace tapedeck::reports
