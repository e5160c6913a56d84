#pragma once

/// @file
/// Whether a pass trains or evaluates.

#include <cstdint>

namespace tapedeck {

/// What a pass is for. Layers such as Dropout and BatchNorm ask; there is no flag inside a layer.
enum class Mode : std::uint8_t {
  train,    ///< records what `backward` plays back; dropout drops, batch statistics are used and kept
  evaluate  ///< nothing can be played back; dropout is the identity, running statistics are used
};
inline constexpr Mode train = Mode::train;        ///< Mode::train
inline constexpr Mode evaluate = Mode::evaluate;  ///< Mode::evaluate

}  // namespace tapedeck
