#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "tapedeck/core/api.hpp"
#include "tapedeck/param/state_dict.hpp"

namespace tapedeck::io {

/// Bytes by their offsets: a file, or memory in tests.
class TAPEDECK_API Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source();

  /// In bytes.
  virtual std::uint64_t size() const = 0;
  /// Fills all of `bytes`; they lie within the size.
  virtual void read(std::uint64_t offset, std::span<std::byte> bytes) const = 0;
};

/// What is done about the checksum.
enum class Checksum : std::uint8_t { demanded, if_present, ignored };

/// Reads a whole file. FileError of `who`.
TAPEDECK_API StateDict parse_safetensors(const Source& source, Checksum checksum, const std::string& who);

}  // namespace tapedeck::io
