#pragma once

/// @file
/// What is said of parameters when they are added and when they are selected.

#include <string>

#include "tapedeck/param/initializer.hpp"

namespace tapedeck {

/// The parameter groups that the library's own layers use. Any other word is a group as well.
namespace groups {
inline constexpr const char* weights = "weights";              ///< what multiplies inputs; the default
inline constexpr const char* biases = "biases";                ///< what is added to them
inline constexpr const char* normalization = "normalization";  ///< gains and biases of normalisations
}  // namespace groups

/// What is said of a parameter when it is added, besides its name, shape and initial values.
struct ParameterOptions {
  /// Not empty. Optimizers scale learning rate and weight decay by group.
  std::string group = groups::weights;
  /// What an initialiser scales by. From the shape if `in` is 0: an [out, in] matrix has fans {in, out}.
  Fan fan = {};
};

/// Which parameters a call speaks of: those at or under a name (empty: all) that are of a group (empty: any).
struct Selection {
  std::string under = {};  ///< "encoder" selects "encoder.fc_1.weight", but not "encoder_2.weight"
  std::string group = {};  ///< to the letter
};

}  // namespace tapedeck
