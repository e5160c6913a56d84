#include "support/evidence.hpp"

#include <algorithm>
#include <boost/test/results_collector.hpp>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <iostream>

#include "support/folders.hpp"

namespace test {
namespace {

struct Title {
  Promise promise;
  const char* words;
};
constexpr Title titles[] = {{Promise::faults, "faults injected, survived"},
                            {Promise::files, "files tried, refused or read as they are"},
                            {Promise::fuzzing, "fuzz executions, without a finding"},
                            {Promise::resuming, "resume points, equal in every bit"},
                            {Promise::references, "reference vectors, within tolerance"}};

std::vector<Evidence::Row>& all() {
  static std::vector<Evidence::Row> rows;
  return rows;
}

std::size_t failures_of_this_case() {
  namespace ut = boost::unit_test;
  return ut::results_collector.results(ut::framework::current_test_case_id()).p_assertions_failed;
}

std::string line(const std::string& what, long tried, long kept, const std::string& outcome) {
  return "| " + what + " | " + std::to_string(tried) + " | " + std::to_string(kept) + " | " + outcome +
         " |\n";
}

struct Printer {
  Printer() = default;
  Printer(const Printer&) = delete;
  Printer& operator=(const Printer&) = delete;
  ~Printer() {
    if (all().empty()) return;
    const std::string table = evidence_table(all());
    std::cout << table;
    std::ofstream(output_dir + "/evidence.md") << table;
  }
};
BOOST_TEST_GLOBAL_FIXTURE(Printer);

}  // namespace

Evidence::Evidence(Promise promise, const std::string& what) : failures_(failures_of_this_case()) {
  const auto same = [&](const Row& row) { return row.promise == promise && row.what == what; };
  const auto found = std::find_if(all().begin(), all().end(), same);
  row_ = static_cast<std::size_t>(found - all().begin());
  if (found == all().end()) all().push_back({promise, what, 0, 0, ""});
}

void Evidence::tried() {
  const std::size_t failures = failures_of_this_case();
  ++all()[row_].tried;
  if (failures == failures_) ++all()[row_].kept;
  failures_ = failures;
}

void Evidence::outcome(const std::string& words) { all()[row_].outcome = words; }

std::string evidence_table(const std::vector<Evidence::Row>& rows) {
  std::string table = "| what was tried | times | as promised | outcome |\n|---|--:|--:|---|\n";
  for (const Title& title : titles) {
    std::string lines;
    Evidence::Row sum{title.promise, title.words, 0, 0, ""};
    for (const Evidence::Row& row : rows) {
      if (row.promise != title.promise) continue;
      sum.tried += row.tried;
      sum.kept += row.kept;
      lines += line(row.what, row.tried, row.kept, row.outcome);
    }
    if (!lines.empty()) table += line("**" + sum.what + "**", sum.tried, sum.kept, "") + lines;
  }
  return table;
}

}  // namespace test
