#pragma once

/// @file
/// A pass in a file, to be repeated in a debugger; see tape/black_box.hpp. Link tapedeck::io.

#include <functional>
#include <string>

#include "tapedeck/core/api.hpp"
#include "tapedeck/tape/black_box.hpp"

namespace tapedeck {

/// Writes a pass into a safetensors file, see write_safetensors(). Parameters and buffers have their own
/// names there, so that load_weights() and Python read them too. FileError if that fails.
TAPEDECK_API void write_black_box(const std::string& path, const BlackBox& box);

/// Reads what `write_black_box` wrote; every bit is kept. FileError if the file cannot be read or is damaged;
/// StateError, which names the file and the entries, if it is not one of a pass.
TAPEDECK_API BlackBox read_black_box(const std::string& path);

/// Returns a function that writes a pass into that file:
///
///     trainer.fit(data, {.epochs = 100, .black_box = td::black_box_writer("nan.safetensors")});
TAPEDECK_API std::function<void(const BlackBox&)> black_box_writer(std::string path);

}  // namespace tapedeck
