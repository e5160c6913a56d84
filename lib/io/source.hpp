#pragma once

/// @file
/// Where bytes come from: a file, memory, a stream.

#include <cstddef>
#include <cstdint>
#include <istream>
#include <string>
#include <string_view>
#include <vector>

#include "io/durable_file.hpp"
#include "tapedeck/core/api.hpp"

namespace tapedeck::detail {

/// Bytes, from the first to the last.
class Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;

  /// The next bytes, at most so many, and how many they are: 0 only at the end.
  virtual std::size_t read(char* to, std::size_t most) = 0;
  /// The next bytes are the first ones again.
  virtual void rewind() = 0;
};

/// Reads until there are so many bytes, or no more; how many they are.
TAPEDECK_API std::size_t read_fully(Source& source, char* to, std::size_t size);

/// A regular file. FileError if it is none, or cannot be read.
class FileSource final : public Source {
 public:
  explicit FileSource(const std::string& path) : file_(path) {}

  std::size_t read(char* to, std::size_t most) override;
  void rewind() override { position_ = 0; }

  /// In bytes, when it was opened.
  std::uint64_t size() const { return file_.size(); }

 private:
  io::FileReader file_;
  std::uint64_t position_ = 0;
};

/// Somebody else's bytes, which must outlive this.
class MemorySource final : public Source {
 public:
  explicit MemorySource(std::string_view bytes) : bytes_(bytes) {}

  std::size_t read(char* to, std::size_t most) override {
    const std::size_t count = bytes_.copy(to, most, position_);
    position_ += count;
    return count;
  }
  void rewind() override { position_ = 0; }

 private:
  std::string_view bytes_;
  std::size_t position_ = 0;
};

/// All that a stream gives, kept in memory. FileError of `name` if the stream cannot be read.
class StreamSource final : public Source {
 public:
  StreamSource(std::istream& in, const std::string& name);

  std::size_t read(char* to, std::size_t most) override;
  void rewind() override { position_ = 0; }

 private:
  std::vector<std::string> blocks_;  // of one size, but for the last one: nothing is copied as they grow
  std::size_t position_ = 0;
};

}  // namespace tapedeck::detail
