#pragma once

#include <string>

#include "tapedeck/io/safetensors.hpp"

namespace tapedeck::io {

/// tapedeck::write_safetensors(); the file that is replaced keeps the second name, if there is one, which
/// must be of the same folder.
void write_safetensors(const std::string& path, const StateDict& state, const std::string& second_name);

}  // namespace tapedeck::io
