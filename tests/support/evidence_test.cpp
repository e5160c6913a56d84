#include "support/evidence.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(support)
BOOST_AUTO_TEST_SUITE(evidence)

BOOST_AUTO_TEST_CASE(a_table_has_sums) {
  using test::Promise;
  const std::string table = test::evidence_table({{Promise::resuming, "b", 3, 2, "one differs"},
                                                  {Promise::faults, "a", 1, 1, "well"},
                                                  {Promise::resuming, "c", 4, 4, ""}});
  BOOST_TEST(table ==
             "| what was tried | times | as promised | outcome |\n|---|--:|--:|---|\n"
             "| **faults injected, survived** | 1 | 1 |  |\n| a | 1 | 1 | well |\n"
             "| **resume points, equal in every bit** | 7 | 6 |  |\n| b | 3 | 2 | one differs |\n"
             "| c | 4 | 4 |  |\n");
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
