#include "cli/write_file.hpp"

#include <filesystem>
#include <fstream>
#include <ostream>
#include <span>

#include "cli/named_file.hpp"
#include "io/durable_file.hpp"
#include "tapedeck/core/error.hpp"

namespace tapedeck::cli {

bool is_replaced(const std::string& path) {
  namespace fs = std::filesystem;
  const fs::file_type type = fs::status(path).type();
  return !is_standard_output(path) && type != fs::file_type::fifo && type != fs::file_type::character;
}

void require_writable(const std::string& path) {
  if (is_replaced(path)) io::DurableFile{path};
}

void write_file(const std::string& path, const std::string& content, const Console& console) {
  if (is_standard_output(path)) {  // opened anew it would be cut off, whatever ">>" has put there before
    console.out << content;
    return;
  }
  if (!is_replaced(path)) {
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
