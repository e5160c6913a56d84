#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "tapedeck/core/api.hpp"

namespace tapedeck::io {

/// SHA-256 as in FIPS 180-4, of bytes that come piece by piece.
class TAPEDECK_API Sha256 {
 public:
  /// How many digits a digest has.
  static constexpr std::size_t digits = 64;

  /// Takes the next bytes.
  void add(std::span<const std::byte> bytes);
  /// The digest of all bytes so far, in lower-case hexadecimal. More may be added later.
  std::string hex() const;

 private:
  static constexpr std::size_t block_size = 64;

  void take_block(const std::byte* block);

  std::array<std::uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::byte, block_size> rest_{};  // the first bytes of a block that is not full
  std::uint64_t size_ = 0;                    // in bytes, of all that was added
};

}  // namespace tapedeck::io
