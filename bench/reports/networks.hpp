#pragma once

/// @file
/// What all reports have in common: a network of 2 inputs and three hidden layers of 25.

#include "reports/experiment.hpp"

namespace tapedeck::reports {

/// The layers that follow each linear layer but the last, such as an activation.
using Block = std::vector<LayerRecipe>;

/// Linear layers of 25, each followed by its block, and one of `outputs`. Hidden and last ones may start with
/// values of their own, as their gains differ.
struct StandardNetwork {
  std::vector<Block> blocks;
  Index outputs;
  InitialValues hidden_values = default_values();
  InitialValues last_values = default_values();

  Network layers() const;
};

/// The same block three times.
inline std::vector<Block> three(const Block& block) { return {block, block, block}; }

}  // namespace tapedeck::reports
