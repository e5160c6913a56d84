#pragma once

/// @file
/// Clipping of gradients, between `backward` and `step`.

#include "tapedeck/core/api.hpp"
#include "tapedeck/param/parameter_store.hpp"

namespace tapedeck {

/// Scales all gradients by max_norm / (norm + 1e-6) if that makes them smaller, as PyTorch does; `norm` is
/// the Euclidean norm of all of them together, accumulated in double (Pascanu, Mikolov and Bengio, ICML
/// 2013). The result is right also where the factor is too small for the store's scalar. Returns the norm
/// before. OptionError unless max_norm is finite and above 0; NonFiniteError, and gradients as they were, if
/// the norm is not finite.
TAPEDECK_API double clip_norm(ParameterStore& store, double max_norm);

/// Moves every element of every gradient to the nearest number in [-limit, limit], as PyTorch's
/// clip_grad_value_. OptionError unless the limit is finite and above 0, in the store's scalar too;
/// NonFiniteError, and gradients as they were, if an element is not finite.
TAPEDECK_API void clip_value(ParameterStore& store, double limit);

}  // namespace tapedeck
