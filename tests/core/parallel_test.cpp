#include "tapedeck/core/parallel.hpp"

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <csignal>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/complaint.hpp"
#include "support/threads.hpp"
#include "tapedeck/core/error.hpp"

namespace td = tapedeck;

BOOST_AUTO_TEST_SUITE(core)

namespace {

/// How often each of `count` tasks was called.
std::vector<int> calls(td::Index count) {
  std::vector<int> called(count, 0);  // each element by one task only: a race detector watches
  td::parallel(count, [&](td::Index i) { ++called[i]; });
  return called;
}

std::vector<int> once(td::Index count) { return std::vector<int>(count, 1); }

}  // namespace

BOOST_AUTO_TEST_SUITE(threads_in_parallel)

BOOST_AUTO_TEST_CASE(every_task_is_called_once) {
  for (const td::Index n : {1U, 2U, 3U, 4U, 7U}) {
    const test::Threads set(n);
    for (const td::Index count : {0U, 1U, 2U, 3U, 5U, 64U, 1000U}) {
      for (int again = 0; again < 20; ++again) BOOST_TEST((calls(count) == once(count)));
    }
  }
}

BOOST_AUTO_TEST_CASE(tasks_run_on_several_threads_and_never_on_more_than_were_set) {
  for (const td::Index n : {4U, 1U, 2U}) {  // helpers who were needed once are there later, too
    const test::Threads set(n);
    std::atomic<td::Index> at_work = 0;
    std::atomic<td::Index> most = 0;
    td::parallel(64, [&](td::Index) {
      const td::Index now = ++at_work;
      td::Index seen = most;
      while (seen < now && !most.compare_exchange_weak(seen, now)) {
      }
      // Long enough that whoever is to help has come, even on a busy machine; what is asserted is no time.
      for (int i = 0; i < 1000 && most < n; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      std::this_thread::sleep_for(
          std::chrono::milliseconds(1));  // so that one too many would meet the others
      --at_work;
    });
    BOOST_TEST(most == n);
  }
}

// A thread that was wanted for the last job may be delayed until the next one, which wants fewer.
BOOST_AUTO_TEST_CASE(threads_of_a_larger_job_stay_out_of_a_smaller_one) {
  std::atomic<td::Index> at_work = 0;
  std::atomic<td::Index> too_many = 0;
  for (int again = 0; again < 500; ++again) {
    {
      const test::Threads set(12);
      td::parallel(12, [](td::Index) {});
    }
    const test::Threads set(2);
    td::parallel(8, [&](td::Index) {
      if (++at_work > 2) ++too_many;
      std::this_thread::yield();
      --at_work;
    });
  }
  BOOST_TEST(too_many == 0U);
}

BOOST_AUTO_TEST_CASE(what_a_task_wrote_is_seen_after_the_call) {
  const test::Threads set(4);
  double sum = 0;
  for (int again = 0; again < 2000; ++again) {
    double parts[8] = {};
    td::parallel(8, [&](td::Index i) { parts[i] = static_cast<double>(i + 1); });
    for (const double part : parts) sum += part;
  }
  BOOST_TEST(sum == 2000.0 * 36);
}

BOOST_AUTO_TEST_CASE(the_exception_of_the_lowest_task_is_thrown_after_all_have_run) {
  for (const td::Index n : {1U, 4U}) {
    const test::Threads set(n);
    std::vector<int> called(100, 0);
    std::string what;
    try {
      td::parallel(100, [&](td::Index i) {
        ++called[i];
        if (i % 10 == 7) throw std::runtime_error(std::to_string(i));
      });
    } catch (const std::runtime_error& error) {
      what = error.what();
    }
    BOOST_TEST(what == "7");
    BOOST_TEST((called == once(100)));
    BOOST_TEST((calls(50) == once(50)));  // and the next ones are well
  }
}

BOOST_AUTO_TEST_CASE(signals_are_left_to_the_threads_of_the_program) {
  const test::Threads set(4);
  const std::thread::id here = std::this_thread::get_id();
  std::atomic<int> open_to_signals = 0;
  td::parallel(64, [&](td::Index) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // so that all take part
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
    if (std::this_thread::get_id() != here && sigismember(&blocked, SIGINT) == 0) ++open_to_signals;
    if (std::this_thread::get_id() == here && sigismember(&blocked, SIGINT) != 0) ++open_to_signals;
  });
  BOOST_TEST(open_to_signals == 0);
}

BOOST_AUTO_TEST_CASE(tasks_within_tasks_run_in_line) {
  const test::Threads set(4);
  std::vector<std::vector<int>> called(16);
  std::vector<std::set<std::thread::id>> who(16);
  td::parallel(16, [&](td::Index i) {
    called[i].assign(16, 0);
    td::parallel(16, [&](td::Index j) {
      ++called[i][j];
      who[i].insert(std::this_thread::get_id());
    });
  });
  for (td::Index i = 0; i < 16; ++i) {
    BOOST_TEST((called[i] == once(16)));
    BOOST_TEST(who[i].size() == 1U);
  }
}

BOOST_AUTO_TEST_CASE(threads_of_the_program_may_all_call_at_once) {
  const test::Threads set(3);
  std::vector<std::thread> program;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 6; ++t) {
    program.emplace_back([&] {
      for (int again = 0; again < 300; ++again) wrong += calls(17) != once(17) ? 1 : 0;
    });
  }
  for (std::thread& thread : program) thread.join();
  BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(ranges_cover_everything_in_pieces_that_the_size_alone_decides) {
  for (const td::Index n : {1U, 4U}) {
    const test::Threads set(n);
    for (const td::Index size : {0U, 1U, 9U, 10U, 11U, 20U, 101U}) {
      const td::Index wanted = size == 0 ? 1 : (size + 9) / 10;  // of nothing, one piece of nothing
      std::vector<std::pair<td::Index, td::Index>> pieces(wanted);
      std::atomic<td::Index> called = 0;
      td::parallel_ranges(size, 10, [&](td::Index begin, td::Index end) {
        pieces.at(begin / 10) = {begin, end};
        ++called;
      });
      BOOST_TEST(called == wanted);
      for (td::Index i = 0; i < wanted; ++i) {
        BOOST_TEST(pieces[i].first == 10 * i);
        BOOST_TEST(pieces[i].second == std::min<td::Index>(size, 10 * i + 10));
      }
    }
  }
}

#ifdef __linux__
BOOST_AUTO_TEST_CASE(by_default_there_are_as_many_as_the_process_may_run_on) {
  cpu_set_t allowed;
  BOOST_REQUIRE(sched_getaffinity(0, sizeof allowed, &allowed) == 0);
  BOOST_TEST(td::threads() == static_cast<td::Index>(CPU_COUNT(&allowed)));
}
#endif

BOOST_AUTO_TEST_CASE(set_threads_takes_1_to_4096) {
  const td::Index before = td::threads();
  BOOST_TEST(before >= 1U);
  BOOST_TEST(test::complaint<td::OptionError>([] { td::set_threads(0); }) ==
             "set_threads: 0; expected 1 to 4096");
  BOOST_TEST(test::complaint<td::OptionError>([] { td::set_threads(4097); }) ==
             "set_threads: 4097; expected 1 to 4096");
  BOOST_TEST(test::complaint<td::OptionError>([] { td::set_threads(static_cast<td::Index>(-1)); }) ==
             "set_threads: 18446744073709551615; expected 1 to 4096");
  BOOST_TEST(td::threads() == before);
  {
    const test::Threads set(3);
    BOOST_TEST(td::threads() == 3U);
  }
  BOOST_TEST(td::threads() == before);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(in_a_forked_process)

BOOST_AUTO_TEST_CASE(work_goes_on_without_the_helpers) {
  const test::Threads set(4);
  BOOST_TEST((calls(64) == once(64)));
  const pid_t child = fork();
  BOOST_REQUIRE(child >= 0);
  if (child == 0) _exit(calls(64) == once(64) && calls(7) == once(7) ? 0 : 1);
  int status = -1;
  BOOST_REQUIRE(waitpid(child, &status, 0) == child);
  BOOST_TEST(status == 0);
  BOOST_TEST((calls(64) == once(64)));
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
