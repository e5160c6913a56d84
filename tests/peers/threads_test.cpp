#include "support/threads.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cstring>
#include <ostream>
#include <vector>

#include "peers/ours.hpp"

namespace td = tapedeck;
using td::peers::Ours;
using td::peers::Problem;
using td::peers::Workload;

namespace tapedeck::peers {

std::ostream& operator<<(std::ostream& out, const Workload& workload) { return out << title(workload); }
}  // namespace tapedeck::peers

BOOST_AUTO_TEST_SUITE(peers)
BOOST_AUTO_TEST_SUITE(threads)

namespace {

/// Those of the comparison, each once: rows that differ in their threads are one workload here.
std::vector<Workload> workloads() {
  std::vector<Workload> all = td::peers::all_workloads();
  std::erase_if(all, [](const Workload& workload) { return workload.threads != 1; });
  return all;
}

/// The parameters after some steps, or the outputs of a forward.
std::vector<float> results(const Problem& problem, td::Index threads) {
  const test::Threads set(threads);
  Ours ours(problem);
  ours.run(problem.workload.name == "w3" ? 1 : 3);  // a step of w3 has 13 million parameters
  return ours.results();
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace

BOOST_DATA_TEST_CASE(any_number_gives_the_same_bits, boost::unit_test::data::make(workloads()), workload) {
  const Problem problem(workload, 0.01);
  const std::vector<float> wanted = results(problem, 1);
  BOOST_TEST(!wanted.empty());
  td::Index different = 0;
  for (int run = 0; run < test::repeated_runs; ++run) {
    constexpr td::Index counts[] = {2, 4, 1};
    different += same_bits(results(problem, counts[run % 3]), wanted) ? 0 : 1;
  }
  BOOST_TEST(different == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
