#pragma once

/// @file
/// What the tests tried, and how often it went as promised: the table that is printed at their end, and
/// written to evidence.md in the tests' build folder.

#include <cstddef>
#include <string>
#include <vector>

namespace test {

/// What a row of the table is about, and what it counts.
enum class Promise { faults, files, fuzzing, resuming, references };

/// A row of the table. Rows of the same promise and the same words are one.
class Evidence {
 public:
  struct Row {
    Promise promise;
    std::string what;
    long tried = 0;
    long kept = 0;
    std::string outcome;
  };

  Evidence(Promise promise, const std::string& what);

  /// Counts a try. It went as promised if no assertion of this test case failed since the row was made or
  /// last counted.
  void tried();
  /// Says in words how it went; the last words stay.
  void outcome(const std::string& words);

 private:
  std::size_t row_;
  std::size_t failures_;
};

/// The rows in Markdown, each promise with its sums.
std::string evidence_table(const std::vector<Evidence::Row>& rows);

}  // namespace test
