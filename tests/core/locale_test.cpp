// What the library writes does not depend on the program's locale.

#include <boost/test/unit_test.hpp>
#include <locale>
#include <sstream>
#include <string>

#include "support/complaint.hpp"
#include "tapedeck/check/gradient_check.hpp"
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

BOOST_AUTO_TEST_SUITE(core)

namespace {

// A decimal comma, and points between thousands.
struct Commas : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

class GlobalCommas {
 public:
  GlobalCommas() { std::locale::global(std::locale(std::locale::classic(), new Commas)); }
  GlobalCommas(const GlobalCommas&) = delete;
  GlobalCommas& operator=(const GlobalCommas&) = delete;
  ~GlobalCommas() { std::locale::global(before_); }

 private:
  std::locale before_;
};

// A layer that multiplies by 1.5, with a wrong derivative.
struct WrongOp {
  static constexpr auto name = "wrong";
  static constexpr td::Signature signature = "x(f,b) -> y(f,b)";
  void forward(auto& y, const auto& x) const { y = 1.5 * x; }
  void vjp(auto& dx, const auto& dy) const { dx += dy * 1.25; }
};

// All that is written, in one text.
std::string written() {
  std::ostringstream text;
  td::ParameterStore store;
  const td::Sequential model{td::Linear{store.scope("fc"), 2000, 1}, td::LeakyReLU{0.25},
                             td::Dropout{{.probability = 0.125}}};
  text << model << '\n' << td::summarize(model, store, {2000, 1});
  td::Memory memory;
  td::Tape tape(store, memory);
  model(tape.input(arma::fmat(2000, 1, arma::fill::ones)));
  text << td::inspect(tape) << td::inspect(tape).graphviz();
  text << test::complaint<td::OptionError>([&] { td::SGD(store, {.momentum = 1.5}); }) << '\n';
  td::EpochReport report{.epoch = 1999, .epochs = 2000, .loss = 0.75, .validation_loss = 1.25};
  td::log_every(1, text).on_epoch(report);
  text << td::check_gradient(WrongOp{}, {td::Shape{2, 3}});
  return text.str();
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_written_does_not_depend_on_the_locale) {
  const std::string wanted = written();
  for (const char* part : {"LeakyReLU(slope 0.25)", "Dropout(0.125)", "momentum = 1.5", "loss 0.75",
                           "validation loss 1.25", "2001", "epoch 2000/2000"}) {
    BOOST_TEST(test::contains(wanted, part), part << " in\n" << wanted);
  }
  const GlobalCommas commas;
  BOOST_TEST(written() == wanted);
}

BOOST_AUTO_TEST_SUITE_END()
