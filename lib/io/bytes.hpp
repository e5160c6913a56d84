#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "io/durable_file.hpp"
#include "tapedeck/core/api.hpp"

namespace tapedeck::io {

/// Bytes by their offsets: a file, or memory in tests.
class TAPEDECK_API Bytes {
 public:
  Bytes() = default;
  Bytes(const Bytes&) = delete;
  Bytes& operator=(const Bytes&) = delete;
  virtual ~Bytes();

  /// In bytes.
  virtual std::uint64_t size() const = 0;
  /// Fills all of `bytes`; they lie within the size.
  virtual void read(std::uint64_t offset, std::span<std::byte> bytes) const = 0;
};

/// A regular file. Errors are FileErrors of the path.
class FileBytes final : public Bytes {
 public:
  /// Opens it.
  explicit FileBytes(const std::string& path) : file_(path) {}

  std::uint64_t size() const override { return file_.size(); }
  void read(std::uint64_t offset, std::span<std::byte> bytes) const override { file_.read(offset, bytes); }
  /// FileError if the size is another by now.
  void require_same_size() const { file_.require_same_size(); }

 private:
  FileReader file_;
};

}  // namespace tapedeck::io
