#pragma once

#include <string>
#include <vector>

namespace test {

/// A line of the table of what was tried on files.
struct FileFault {
  std::string what;
  long tried;
  std::string outcome;
};

/// Tests add what they tried; it is printed at the end.
inline std::vector<FileFault>& file_faults() {
  static std::vector<FileFault> all;
  return all;
}

}  // namespace test
