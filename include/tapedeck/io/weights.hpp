#pragma once

/// @file
/// A trained model in a file, for Python too. Link tapedeck::io.

#include <string>

#include "tapedeck/core/api.hpp"
#include "tapedeck/param/parameter_store.hpp"

namespace tapedeck {

/// Writes parameters and buffers alone, by their names; see write_safetensors(). The weight of a Linear is
/// [out, in] there, a bias [out], as PyTorch has them.
TAPEDECK_API void save_weights(const std::string& path, ParameterStore& store);

/// How weights are read.
struct LoadOptions {
  bool ignore_left_over = false;  ///< tensors that the store has no place for, such as PyTorch's counters
};

/// Reads parameters and buffers by their names, from a file of ours or of others; see import_safetensors().
/// F16, BF16, F32 and F64 are converted to the store's scalar; a vector fits a matrix of one column or of one
/// row, a tensor of more dimensions a matrix as in matrix_shape(). Tensors that the store has no place for
/// may hold anything. Takes as much memory as the tensors that are wanted have in the file, and 2 MB.
///
/// FileError if the file cannot be read, StateError if tensors are missing, left over, of another shape, no
/// weights, or if a double is too large for a store of float: it names them. Nothing is changed then.
TAPEDECK_API void load_weights(const std::string& path, ParameterStore& store, LoadOptions options = {});

}  // namespace tapedeck
