#include "cli/write_file.hpp"

#include <filesystem>
#include <fstream>
#include <span>

#include "io/durable_file.hpp"
#include "tapedeck/core/error.hpp"

namespace tapedeck::cli {

void write_file(const std::string& path, const std::string& content) {
  namespace fs = std::filesystem;
  const fs::file_type type = fs::symlink_status(path).type();
  if (type == fs::file_type::symlink || type == fs::file_type::fifo || type == fs::file_type::character) {
    std::ofstream stream(path, std::ios::binary);
    stream << content << std::flush;
    if (!stream) throw FileError({.who = path, .given = "it cannot be written to"});
    return;
  }
  io::DurableFile file(path);
  file.write(0, std::as_bytes(std::span(content)));
  file.commit();
}

}  // namespace tapedeck::cli
