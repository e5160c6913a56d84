#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "io/safetensors_header.hpp"
#include "io/safetensors_parse.hpp"
#include "io/sha256.hpp"

namespace tapedeck::io {

/// Reads the header of a file, and then the bytes of its tensors, once and in their order. Errors are
/// FileErrors of `who`.
class Reader {
 public:
  /// Reads the header. What is given must outlive it.
  Reader(const Bytes& file, Checksum checksum, const std::string& who);

  /// What the header says, without the checksum.
  const Header& header() const { return header_; }
  /// Returns true if the file says its checksum and it is verified: then this library wrote it.
  bool has_checksum() const { return !digits_.empty(); }

  /// Reads the next bytes of the buffer that the tensors lie in.
  void read(std::span<std::byte> bytes);
  /// Passes over the next so many of them.
  void skip(std::uint64_t count);
  /// Refuses the file if its bytes do not have the checksum that it says. For when all of them were read or
  /// skipped.
  void require_checksum() const;

 private:
  [[noreturn]] void refuse(const std::string& given, const std::string& wanted,
                           const std::string& hint = "") const;
  void take_digits(std::string& json);

  const Bytes& file_;
  Checksum checksum_;
  const std::string& who_;
  Header header_;
  std::uint64_t at_ = 0;  // of the next byte in the file
  std::string digits_;    // of the digest that the file says; empty if none is looked at
  Sha256 hash_;
  std::vector<std::byte> skipped_;  // where bytes go that are only hashed
};

}  // namespace tapedeck::io
