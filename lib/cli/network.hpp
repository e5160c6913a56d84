#pragma once

/// @file
/// Networks in words: "25,relu,dropout:0.1,25,tanh".

#include <string>

#include "tapedeck/layers/sequential.hpp"
#include "tapedeck/param/parameter_store.hpp"

namespace tapedeck::cli {

/// The layers that `words` names, one after another: a number is a Linear of so many outputs, and there are
/// relu, leaky-relu, tanh, sigmoid, gelu, silu, elu, softplus, batch-norm, layer-norm and dropout:P. A Linear
/// to `outputs` follows. OptionError for other words.
Sequential make_network(const std::string& words, Index inputs, Index outputs, ParameterStore& store);

}  // namespace tapedeck::cli
