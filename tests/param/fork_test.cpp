// Children of a process whose other threads are at work in the library, and processes with little address
// space.

#include "support/sanitizers.hpp"

#if defined(__linux__) && !defined(TEST_SANITIZED)

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include "support/evidence.hpp"
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

BOOST_AUTO_TEST_SUITE(param)
BOOST_AUTO_TEST_SUITE(forked)

namespace {

// Runs an action in a child, which is killed after 20 seconds. Returns its exit status, or -1 if it was
// killed.
int in_a_child(const std::function<int()>& action) {
  const pid_t child = fork();
  BOOST_REQUIRE(child >= 0);
  if (child == 0) {
    alarm(20);
    _exit(action());
  }
  int status = 0;
  BOOST_REQUIRE(waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void seal(td::Index rows) {
  td::ParameterStore store;
  store.add("w", {rows, 500}, td::normal(1));
  store.seal();
}

void take_and_give_back_memories() {
  const td::Memory one;
  const td::Memory two;
}

void run_a_job() {
  std::atomic<int> sum = 0;
  td::parallel(4, [&](td::Index i) { sum += static_cast<int>(i); });
}

}  // namespace

BOOST_AUTO_TEST_CASE(children_are_not_held_up_by_what_other_threads_were_doing) {
  struct Work {
    const char* name;
    std::function<void()> busy;
    std::function<void()> in_child;
  };
  const Work all[] = {
      {"a store is sealed", [] { seal(2000); }, [] { seal(2); }},
      {"memories come and go", take_and_give_back_memories, take_and_give_back_memories},
      {"tasks run in parallel", run_a_job, run_a_job},
      {"processors are counted", [] { td::threads(); }, [] { td::threads(); }},
  };
  seal(1);
  for (const Work& work : all) {
    test::Evidence evidence(test::Promise::faults, std::string("fork while ") + work.name);
    std::atomic<bool> stop = false;
    std::thread busy([&] {
      while (!stop) work.busy();
    });
    for (int i = 0; i < 10; ++i) {
      BOOST_TEST(in_a_child([&] {
                   work.in_child();
                   return 0;
                 }) == 0,
                 work.name);
      evidence.tried();
    }
    stop = true;
    busy.join();
  }
}

BOOST_AUTO_TEST_CASE(an_initialiser_may_fork) {
  static int status;  // an initialiser is a function without captures
  status = -1;
  td::ParameterStore store;
  store.add("w", {1, 1},
            {[](td::Matrix<double>& values, td::Fan, const td::Random&, double) {
               values.zeros();
               status = in_a_child([] {
                 seal(1);
                 return 7;
               });
             },
             0});
  store.seal();
  BOOST_TEST(status == 7);
}

// In a program of its own: OpenBLAS is set up once in a process.
BOOST_AUTO_TEST_CASE(openblas_without_room_for_its_buffer_is_refused) {
  const auto first_store_with = [](rlim_t more) {
    const int program = in_a_child([more] {
      const std::string limit = std::to_string(more);
      execl("/proc/self/exe", "tapedeck_tests", "--run_test=param/forked/first_store_in_little_memory", "--",
            limit.c_str(), nullptr);
      return 100;
    });
    return program;
  };
  BOOST_TEST(first_store_with(64) == 42);
  BOOST_TEST(first_store_with(1024) == 0);
}

// Called by the case above with the megabytes of address space that are left; without them there is nothing
// to do. Exits, as OpenBLAS may not end.
BOOST_AUTO_TEST_CASE(first_store_in_little_memory) {
  const auto& suite = boost::unit_test::framework::master_test_suite();
  BOOST_TEST(suite.argc >= 1);
  if (suite.argc < 2) return;
  const auto left = static_cast<rlim_t>(std::stoul(suite.argv[1]));
  rlim_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  const rlimit limit{(left << 20U) + pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)), RLIM_INFINITY};
  setrlimit(RLIMIT_AS, &limit);
  try {
    td::ParameterStore store;
    _exit(0);
  } catch (const td::MemoryError& error) {
    const std::string text = error.what();
    _exit(text == "OpenBLAS: no room for its buffer of 128 MiB; expected that much free address space (is it "
                  "limited, by ulimit -v or RLIMIT_AS?)"
              ? 42
              : 1);
  }
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()

#endif
