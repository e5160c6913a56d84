#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "tapedeck/core/api.hpp"

struct evp_md_ctx_st;  // libcrypto's

namespace tapedeck::io {

/// SHA-256 as in FIPS 180-4, by libcrypto, of bytes that come piece by piece.
///
/// FileError if libcrypto's configuration has no SHA-256.
class TAPEDECK_API Sha256 {
 public:
  /// How many digits a digest has.
  static constexpr std::size_t digits = 64;

  /// No bytes yet.
  Sha256();

  /// Takes the next bytes.
  void add(std::span<const std::byte> bytes);
  /// Returns the digest of all bytes so far, in lower-case hexadecimal. More may be added later.
  std::string hex() const;

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  using Context = std::unique_ptr<evp_md_ctx_st, Free>;
  static Context new_context();

  Context context_;
};

}  // namespace tapedeck::io
