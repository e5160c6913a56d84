#pragma once

/// @file
/// Counts allocations of memory, and lets them fail. The functions here take the place of the C library's
/// allocation functions, and of operator new, which the address sanitizer does not build on them. With
/// TEST_THREAD_SANITIZER there is none of this.

#include "support/sanitizers.hpp"

#ifndef TEST_THREAD_SANITIZER

#include <boost/test/unit_test.hpp>
#include <functional>
#include <new>

#include "support/evidence.hpp"

namespace test {

/// How many allocations the calling thread makes while the action runs.
long allocated_by(const std::function<void()>& action);

/// Runs the action; the k-th allocation of the calling thread in it, counted from 1, finds no memory. Returns
/// true if the action got so far without throwing.
bool with_failing_allocation(long k, const std::function<void()>& action);

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
