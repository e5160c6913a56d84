#pragma once

#include <unistd.h>

#include <filesystem>
#include <string>

namespace test {

/// A folder of its own that is gone when this is.
struct TemporaryFolder {
  std::filesystem::path path = made();

  TemporaryFolder() = default;
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path); }

 private:
  static std::string made() {
    static int count = 0;
    const std::string name = "tapedeck-tests-" + std::to_string(getpid()) + "-" + std::to_string(count++);
    const std::filesystem::path path = std::filesystem::temp_directory_path() / name;
    std::filesystem::create_directories(path);
    return path;
  }
};

}  // namespace test
