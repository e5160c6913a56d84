#include "cli/gnuplot.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <stdexcept>

namespace tapedeck::gnuplot {
namespace {

/// A file of its own that is gone when this is. mkstemp() puts a name in place of six X.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& text)
      : path_(std::filesystem::temp_directory_path() / ("tapedeck-chart-" + std::string(6, 'X'))) {
    const int file = mkstemp(path_.data());
    if (file < 0) throw std::runtime_error("cannot make a temporary file " + path_);
    close(file);
    std::ofstream(path_) << text;
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { std::remove(path_.c_str()); }

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct Command {
  std::string output;
  bool succeeded;
};

Command execute(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return {.output = {}, .succeeded = false};
  std::string output;
  std::array<char, 4096> part;
  while (const std::size_t n = std::fread(part.data(), 1, part.size(), pipe)) output.append(part.data(), n);
  return {.output = std::move(output), .succeeded = pclose(pipe) == 0};
}

}  // namespace

const char* const quiet_axes =
    "set border 3 lc '#555555'\n"
    "set tics nomirror out scale 0.5 textcolor '#333333'\n"
    "set key outside center top horizontal Left reverse samplen 2.5 textcolor '#333333'\n";

const char* const grid = "set grid lc '#dddddd' lw 1 dt 1\n";

void require() {
  if (!execute("gnuplot --version 2>/dev/null").succeeded) {
    throw std::runtime_error(
        "gnuplot, which draws the charts, cannot be run; install the package gnuplot-nox");
  }
}

std::string draw(const std::string& name, const std::string& title, int height, const std::string& script) {
  const TemporaryFile file(fmt::format(
      "set terminal svg size 400,{} dynamic noenhanced font 'sans-serif,12'\nset encoding utf8\n{}", height,
      script));
  const auto [output, succeeded] = execute("gnuplot '" + file.path() + "'");
  const std::size_t start = output.find("<svg");
  if (!succeeded || start == std::string::npos) throw std::runtime_error("gnuplot could not draw " + name);
  std::string svg = output.substr(start);
  svg = std::regex_replace(svg, std::regex("<(title|desc)>[^<]*</(title|desc)>"), "");
  svg = std::regex_replace(svg, std::regex("id=(['\"])"), "id=$1" + name + "-");
  svg = std::regex_replace(svg, std::regex("href='#"), "href='#" + name + "-");
  svg.insert(svg.find('>') + 1, "<title>" + escaped(title) + "</title>");
  svg.insert(4, " role=\"img\"");
  return svg;
}

std::string block(const std::string& name, const std::string& lines) {
  return "$" + name + " << EOD\n" + lines + "EOD\n";
}

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

std::string quoted(const std::string& text) {
  std::string safe = "\"";
  for (const char c : text) {
    if (c == '\n') {
      safe += "\\n";
    } else {
      if (c == '"' || c == '\\') safe += '\\';
      safe += c;
    }
  }
  return safe + "\"";
}

}  // namespace tapedeck::gnuplot
