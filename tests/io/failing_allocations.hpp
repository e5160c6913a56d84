#pragma once

#include "support/allocations.hpp"

#ifndef TEST_SANITIZED

#include <boost/test/unit_test.hpp>
#include <new>

#include "support/evidence.hpp"

namespace test {

/// Takes the action again and again, of which the first, the second, ... allocation fails, until it makes no
/// more of them. `after` is told whether std::bad_alloc came out; nothing else may, and nothing be hidden.
template <class Before, class Action, class After>
void with_each_allocation_failing(Evidence& evidence, const Before& before, const Action& action,
                                  const After& after) {
  long k = 1;
  for (bool failed = true; failed; ++k) {
    BOOST_TEST_CONTEXT("allocation " << k) {
      before();
      bool thrown = false;
      try {
        failed = with_failing_allocation(k, action);
        BOOST_TEST(!failed, "what it met was hidden");
      } catch (const std::bad_alloc&) {
        thrown = true;
      }
      after(thrown);
    }
    if (failed) evidence.tried();
  }
  BOOST_TEST(k > 10);
}

}  // namespace test

#endif
