#pragma once

#include <atomic>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "cli/program.hpp"
#include "io/state_files.hpp"
#include "support/temporary_folder.hpp"
#include "tapedeck/core/random.hpp"

namespace test {

namespace td = tapedeck;

/// How a run of the program ended, and what it wrote.
struct Run {
  int code;
  std::string out;
  std::string err;
};

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// A folder with tables in it, in which the program runs.
struct ProgramFixture {
  test::TemporaryFolder folder;
  std::atomic<int> signal = 0;

  ProgramFixture() {
    std::ofstream disk(path("disk.csv"));
    std::ofstream sums(path("sums.csv"));
    disk << "x,y,place\n";
    sums << "a,b,sum,\"difference, a - b\"\n";
    const td::Random random(1);
    for (td::Index i = 0; i < 300; ++i) {
      const double x = random.uniform(0, i);
      const double y = random.uniform(1, i);
      const bool inside = (x - 0.5) * (x - 0.5) + (y - 0.5) * (y - 0.5) < 0.16;
      disk << 100 * x << ',' << y << ',' << (inside ? "inside" : "\"out, side\"") << '\n';
      sums << x << ',' << y << ',' << x + y << ',' << x - y << '\n';
    }
    std::ofstream(path("new.csv")) << "y,x\n0.5,50\n0.02,3\n";
  }

  /// Writes a file and returns its path.
  std::string file(const std::string& name, const std::string& content) const {
    std::ofstream(path(name), std::ios::binary) << content;
    return path(name);
  }
  std::string path(const std::string& name) const { return (folder.path / name).string(); }
  Run run(const std::vector<std::string>& arguments) const {
    std::ostringstream out;
    std::ostringstream err;
    out.exceptions(std::ios::badbit);  // std::bad_alloc passes through, as from no other stream of a program
    err.exceptions(std::ios::badbit);
    const int code = td::cli::run_program(arguments, {out, err, signal});
    return {code, out.str(), err.str()};
  }
  Run train(std::vector<std::string> more, const std::string& out = "model") const {
    std::vector<std::string> arguments = {"train", path("disk.csv"), "--target", "place",    "--seed",
                                          "1",     "--out",          path(out),  "--epochs", "40"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
};

}  // namespace test
