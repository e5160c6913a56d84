// An answer, and a training step, once everything is warm, ask nothing of the operating system: no lock that
// has to be waited for, no memory, no file, no thread. They run in a process that is killed at its first
// system call but read, write and exit.

#include "support/sanitizers.hpp"

#if defined(__linux__) && !defined(TEST_SANITIZED)

#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <functional>

#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

BOOST_AUTO_TEST_SUITE(tape)
BOOST_AUTO_TEST_SUITE(system_calls)

namespace {

enum class End { by_itself, killed_for_a_system_call, otherwise };

/// How a process ends that takes the action often, and may not call the system while it does.
End run_alone(const std::function<void()>& action) {
  const pid_t child = fork();
  BOOST_REQUIRE(child >= 0);
  if (child == 0) {
    for (int warm = 0; warm < 3; ++warm) action();
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) _exit(2);
    for (int time = 0; time < 1000; ++time) action();
    syscall(SYS_exit, 0);  // exit_group, which _exit calls, is not among those allowed
  }
  int status = 0;
  BOOST_REQUIRE(waitpid(child, &status, 0) == child);
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return End::killed_for_a_system_call;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? End::by_itself : End::otherwise;
}

struct Network {
  td::ParameterStore store{{.seed = 1}};
  td::Sequential model{td::Linear{store.scope("fc_1"), 2, 25},  td::ReLU{},
                       td::Linear{store.scope("fc_2"), 25, 25}, td::ReLU{},
                       td::Linear{store.scope("fc_3"), 25, 25}, td::ReLU{},
                       td::Linear{store.scope("fc_4"), 25, 2}};
  td::Adam optimizer{store};
  td::Memory memory;
  td::Matrix<float> x = arma::fmat(2, 50, arma::fill::ones);
  float sum = 0;

  void answer() {
    td::Tape tape{store, memory, td::evaluate};
    sum += model(tape.input(x)).matrix<float>()[0];
  }
  void step() {
    td::Tape tape{store, memory};
    const td::Value loss = td::mse(model(tape.input(x)), tape.input(x), td::batch_mean);
    store.zero_grad();
    tape.backward(loss);
    optimizer.step();
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(an_answer_makes_none) {
  Network network;
  for (const td::Index samples : {1U, 50U}) {
    network.x.ones(2, samples);
    BOOST_TEST((run_alone([&] { network.answer(); }) == End::by_itself), samples << " samples");
  }
}

BOOST_AUTO_TEST_CASE(a_training_step_makes_none) {
  Network network;
  for (const td::Index samples : {1U, 50U}) {
    network.x.ones(2, samples);
    BOOST_TEST((run_alone([&] { network.step(); }) == End::by_itself), samples << " samples");
  }
}

BOOST_AUTO_TEST_CASE(one_that_is_made_is_noticed) {
  BOOST_TEST((run_alone([] { getppid(); }) == End::killed_for_a_system_call));
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()

#endif
