#include "tapedeck/train/callbacks.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "support/complaint.hpp"
#include "tapedeck/core/error.hpp"

namespace td = tapedeck;
using test::complaint;

BOOST_AUTO_TEST_SUITE(train)
BOOST_AUTO_TEST_SUITE(callbacks)

namespace {

/// What a callback writes while five epochs of two steps are reported to it, of which `stop` may be the last.
void report_to(const td::Callback& callback, td::Index stop = 4) {
  for (td::Index epoch = 0; epoch <= stop; ++epoch) {
    for (td::Index step = 0; step < 2; ++step) {
      if (callback.on_step)
        callback.on_step({.epoch = epoch, .epochs = 5, .step = step, .steps = 2, .loss = 1});
    }
    td::EpochReport report{.epoch = epoch, .epochs = 5, .loss = 1 / static_cast<double>(epoch + 1)};
    report.stop = epoch == stop;
    if (epoch == 4) report.validation_loss = 0.5;
    callback.on_epoch(report);
  }
}

/// Catches what is written to std::cout, which for so long is a terminal or is none.
class Cout {
 public:
  explicit Cout(const char* device)
      : stdout_(dup(STDOUT_FILENO)),
        device_(open(device, O_RDWR | O_NOCTTY)),
        buffer_(std::cout.rdbuf(text_.rdbuf())) {
    dup2(device_, STDOUT_FILENO);
  }
  Cout(const Cout&) = delete;
  Cout& operator=(const Cout&) = delete;
  ~Cout() {
    dup2(stdout_, STDOUT_FILENO);
    std::cout.rdbuf(buffer_);
    close(device_);
    close(stdout_);
  }
  std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  int stdout_;
  int device_;
  std::streambuf* buffer_;
};

/// What a bar writes to std::cout where that is this device. No check inside: its message would be caught
/// too.
std::string bar_on(const char* device, td::Index last) {
  const Cout cout{device};
  report_to(td::progress_bar(std::cout), last);
  return cout.text();
}

bool is_terminal(const char* device) {
  const Cout cout{device};
  return isatty(STDOUT_FILENO) == 1;
}

}  // namespace

BOOST_AUTO_TEST_CASE(log_every_writes_the_first_epoch_every_nth_and_the_last) {
  const auto log = [](td::Index n, td::Index stop) {
    std::ostringstream out;
    report_to(td::log_every(n, out), stop);
    return out.str();
  };
  BOOST_TEST(
      log(2, 4) ==
      "epoch 1/5  loss 1\nepoch 2/5  loss 0.5\nepoch 4/5  loss 0.25\nepoch 5/5  loss 0.2  validation loss "
      "0.5\n");
  BOOST_TEST(log(3, 4) ==
             "epoch 1/5  loss 1\nepoch 3/5  loss 0.3333\nepoch 5/5  loss 0.2  validation loss 0.5\n");
  BOOST_TEST(log(5, 4) == "epoch 1/5  loss 1\nepoch 5/5  loss 0.2  validation loss 0.5\n");
  BOOST_TEST(log(100, 1) == "epoch 1/5  loss 1\nepoch 2/5  loss 0.5\n");
  const std::string all = log(1, 4);
  BOOST_TEST(std::count(all.begin(), all.end(), '\n') == 5);
}

BOOST_AUTO_TEST_CASE(log_every_refuses_0) {
  BOOST_TEST(complaint<td::OptionError>([] { td::log_every(0, std::cout); }) ==
             "log_every: 0; expected a number of epochs of at least 1");
}

BOOST_AUTO_TEST_CASE(the_bar_is_for_terminals_only) {
  std::ostringstream out;
  report_to(td::progress_bar(out));
  BOOST_TEST(out.str().empty());
  BOOST_TEST(bar_on("/dev/null", 4).empty());
}

BOOST_AUTO_TEST_CASE(the_bar_ends_full_and_with_its_line) {
  if (!is_terminal("/dev/ptmx")) return;
  for (const td::Index last : {4U, 2U}) {  // the last epoch, and a stop before it
    const std::string bar = bar_on("/dev/ptmx", last);
    BOOST_TEST(bar.substr(0, 2) == "\r[");
    const std::string end = bar.substr(std::min(bar.rfind('\r'), bar.size()));
    BOOST_TEST(end == "\r[" + std::string(30, '#') + "] epoch " + std::to_string(last + 1) + "/5  loss " +
                          (last == 4 ? "0.2  validation loss 0.5" : "0.3333") + "  0 s left \x1b[K\n");
    BOOST_TEST(std::count(bar.begin(), bar.end(), '\n') == 1);
  }
}

BOOST_AUTO_TEST_CASE(a_function_of_an_epoch_is_a_callback) {
  int calls = 0;
  const td::Callback callback = [&](td::EpochReport& report) {
    ++calls;
    report.stop = true;
  };
  td::EpochReport report;
  callback.on_epoch(report);
  BOOST_TEST(calls == 1);
  BOOST_TEST(report.stop);
  BOOST_TEST(!callback.on_step);
}

BOOST_AUTO_TEST_CASE(a_stream_without_a_buffer_takes_nothing) {
  std::ostream nowhere(nullptr);
  report_to(td::log_every(1, nowhere));
  report_to(td::progress_bar(nowhere));
  BOOST_TEST(nowhere.bad());
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
