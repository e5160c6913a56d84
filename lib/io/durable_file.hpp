#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "tapedeck/core/api.hpp"

namespace tapedeck::io {

/// A descriptor that is closed at the end of its scope.
class TAPEDECK_API Descriptor {
 public:
  /// Takes over an open one, or -1 for none.
  explicit Descriptor(int number = -1) : number_(number) {}
  /// Tries again where a signal interrupts. FileError if the path cannot be opened; `who` complains.
  Descriptor(const std::string& path, int flags, const std::string& who);
  /// Exchanges the two.
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() { close(); }

  /// What the system calls take.
  int number() const { return number_; }
  /// 0, or the number of what went wrong. Only the first call does anything.
  int close();

 private:
  int number_;
};

/// Reads a regular file by its offsets. Errors are FileErrors of the path.
class TAPEDECK_API FileReader {
 public:
  /// FileError if there is no such file, or if it is a folder, a pipe, a device.
  explicit FileReader(const std::string& path);

  /// In bytes, when the file was opened.
  std::uint64_t size() const { return size_; }
  /// Bytes from there on, at most as many as `bytes` has room for, and how many they are: 0 only at the end.
  std::size_t read_some(std::uint64_t offset, std::span<std::byte> bytes) const;
  /// Fills all of `bytes` from the file. FileError if it ends before, as one that was cut meanwhile does.
  void read(std::uint64_t offset, std::span<std::byte> bytes) const;
  /// FileError if the size is another by now.
  void require_same_size() const;

 private:
  std::string path_;
  Descriptor file_;
  std::uint64_t size_ = 0;
};

/// Returns the path that a chain of symbolic links ends at, whether or not there is a file: the path itself
/// if it is no link. Nothing, and errno says why, if the chain does not end or cannot be read.
TAPEDECK_API std::optional<std::string> target_of(const std::string& path);

/// Writes a whole file, so that whoever reads the path finds what was there before, or the new file, and
/// nothing between: at every instant, after a crash, and after a loss of power. What is written goes to a
/// temporary in the same folder, ".tapedeck-*.tmp", which `commit` brings to disk and renames. Without a
/// commit it is removed. A process that is killed leaves it, and the next DurableFile in the folder removes
/// it: the lock (flock) that a temporary has while somebody writes to it is gone then.
///
/// A file that is replaced leaves its permissions to the new one. A symbolic link stays one: the file that
/// it points at is replaced, or made. Errors are FileErrors of the path.
class TAPEDECK_API DurableFile {
 public:
  /// FileError if a file cannot be made in the folder, or if the path is there and not a regular file.
  explicit DurableFile(const std::string& path);

  /// Writes all of `bytes` there.
  void write(std::uint64_t offset, std::span<const std::byte> bytes);
  /// Brings the file to disk and gives it its name; once, and last. If there is an `ending`, the file that is
  /// replaced keeps a second name: its own with that ending. An error says whether it happened after that:
  /// then the new file is in place, and it is open whether a loss of power would bring the old one back.
  void commit(const std::string& ending = {});

 private:
  // The name that the new file has while it is written.
  struct Temporary {
    Temporary(const std::string& target, const std::string& who);
    Temporary(const Temporary&) = delete;
    Temporary& operator=(const Temporary&) = delete;
    ~Temporary();

    bool lock(const std::string& who);

    std::string name;
    Descriptor file;
    Descriptor locked;  // a duplicate, which keeps the lock while `file` is closed and renamed
    bool renamed = false;
  };

  bool keep_old_file(const std::string& second_name);

  std::string path_;    // as it was given; errors name it
  std::string target_;  // what it points at
  bool replaces_ = false;
  Descriptor folder_;  // open before anything is written: its fsync comes when there is no way back
  std::optional<Temporary> temporary_;
};

}  // namespace tapedeck::io
