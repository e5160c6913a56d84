// A table out of a file, and back out of the library.

#include <cstdio>
#include <fstream>
#include <tapedeck/core/error.hpp>
#include <tapedeck/io/csv.hpp>
#include <tapedeck/io/idx.hpp>

namespace td = tapedeck;

int main() {
  std::ofstream("swings.csv") << "angle,speed,kind\n0.5,-1,slow\n1.5,2,fast\n";
  const td::CsvData swings = td::read_csv("swings.csv", {.targets = {"kind"}, .classification = true});
  std::printf("%s %g\n", swings.class_names.front().c_str(), swings.data.x<double>()(0, 1));
  try {
    td::read_idx("swings.csv");
  } catch (const td::FileError& error) {
    std::puts(error.what());
  }
}
