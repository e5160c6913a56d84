#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "io/durable_file.hpp"
#include "tapedeck/core/api.hpp"
#include "tapedeck/state/state_dict.hpp"

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

/// A regular file. Errors are FileErrors of the path.
class FileSource final : public Source {
 public:
  /// Opens it.
  explicit FileSource(const std::string& path) : file_(path) {}

  std::uint64_t size() const override { return file_.size(); }
  void read(std::uint64_t offset, std::span<std::byte> bytes) const override { file_.read(offset, bytes); }
  /// FileError if the size is another by now.
  void require_same_size() const { file_.require_same_size(); }

 private:
  FileReader file_;
};

/// What is done about the checksum.
enum class Checksum : std::uint8_t { demanded, if_present, ignored };

/// Reads a whole file. FileError of `who`.
TAPEDECK_API StateDict parse_safetensors(const Source& source, Checksum checksum, const std::string& who);

}  // namespace tapedeck::io
