#pragma once

#include <cstdint>
#include <string>

#include "io/bytes.hpp"
#include "tapedeck/core/api.hpp"
#include "tapedeck/state/state_dict.hpp"

namespace tapedeck::io {

/// What is done about the checksum.
enum class Checksum : std::uint8_t { demanded, if_present, ignored };

/// Reads a whole file. FileError of `who`.
TAPEDECK_API StateDict parse_safetensors(const Bytes& file, Checksum checksum, const std::string& who);

}  // namespace tapedeck::io
