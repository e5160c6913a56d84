#pragma once

/// @file
/// The loss of a dataset.

#include "tapedeck/data/dataset.hpp"
#include "train/memories.hpp"
#include "train/objective.hpp"

namespace tapedeck {

/// Returns the loss of the data in evaluate mode, as Trainer::evaluate does, and throws what it throws.
double loss_of(const Dataset& data, const Objective& objective, Memories& memories);

}  // namespace tapedeck
