#include "tapedeck/state/state_visitor.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "param/support.hpp"
#include "support/complaint.hpp"

namespace td = tapedeck;
using test::complaint;
using test::contains;

BOOST_AUTO_TEST_SUITE(state)
BOOST_AUTO_TEST_SUITE(state_visitor)

namespace {

enum class Colour : std::uint8_t { red, green, blue };

/// Remembers one thing of every kind.
struct Everything {
  double number = 0;
  td::Index whole = 0;
  std::uint8_t small = 0;
  bool flag = false;
  Colour colour = Colour::red;
  std::vector<double> list = {};
  std::vector<std::uint8_t> flags = {0, 0};
  arma::mat matrix = arma::mat(2, 3);

  void visit_state(td::StateVisitor& visitor) {
    visitor.kind("Everything");
    visitor.number("number", number);
    visitor.count("whole", whole);
    const td::StateVisitor::Scope scope(visitor, "more");
    visitor.count("small", small);
    visitor.flag("flag", flag);
    visitor.choice("colour", colour, 3);
    visitor.numbers("list", list);
    visitor.counts("flags", flags);
    static constexpr td::NumberRange at_most_9{[](double x) { return !(x > 9); }, "at most 9"};
    visitor.matrix("matrix", matrix, td::Dimensions{2, 3, 1}, at_most_9);
  }
};

const Everything full = {.number = std::numeric_limits<double>::denorm_min(),
                         .whole = std::numeric_limits<td::Index>::max(),
                         .small = 255,
                         .flag = true,
                         .colour = Colour::blue,
                         .list = {1, -0.0, std::numeric_limits<double>::infinity()},
                         .flags = {1, 0},
                         .matrix = {{1, 2, 3}, {4, -0.0, arma::datum::nan}}};

td::StateDict state_of_full() {
  Everything copy = full;
  return td::state_of(copy);
}

/// The state with one entry changed, or without it.
td::StateDict with(const std::string& name, const std::optional<td::AnyMatrix>& value) {
  const td::StateDict whole = state_of_full();
  td::StateDict changed;
  for (const td::StateDict::Entry& entry : whole.entries()) {
    if (entry.name != name) changed.add(entry);
    if (entry.name == name && value) changed.add({.name = name, .value = *value});
  }
  changed.add_words("kind", "Everything");
  return changed;
}

std::string refused(const td::StateDict& state) {
  Everything object{.number = 7, .list = {5}};
  const std::string message = complaint<td::StateError>([&] { td::restore(object, state); });
  BOOST_TEST(object.number == 7);  // nothing was put back
  BOOST_TEST(object.list.front() == 5);
  BOOST_TEST(!object.flag);
  BOOST_TEST(object.matrix[0] == 0);
  return message;
}

/// Remembers what has a range.
struct Ranged {
  double rate = 0.5;
  td::Index count = 1;
  bool flag = true;
  std::vector<double> list = {1};
  void visit_state(td::StateVisitor& visitor) {
    static constexpr td::NumberRange positive{[](double x) { return x > 0; }, "x > 0"};
    visitor.number("rate", rate, positive);
    visitor.count("count", count, 7);
    visitor.flag("flag", flag, true);
    visitor.numbers("list", list, positive);
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(everything_is_put_back_bit_for_bit) {
  Everything object;
  td::restore(object, state_of_full());
  BOOST_TEST(object.number == full.number);
  BOOST_TEST(object.whole == full.whole);
  BOOST_TEST(object.small == 255);
  BOOST_TEST(object.flag);
  BOOST_TEST((object.colour == Colour::blue));
  BOOST_TEST(object.list == full.list, boost::test_tools::per_element());
  BOOST_TEST(std::signbit(object.list[1]));
  BOOST_TEST(object.flags == full.flags, boost::test_tools::per_element());
  BOOST_TEST(test::same_bits(object.matrix, full.matrix));
  BOOST_TEST((state_of_full().find("more/matrix")->dimensions == td::Dimensions{2, 3, 1}));
}

BOOST_AUTO_TEST_CASE(names_are_joined_by_slashes) {
  const td::StateDict state = state_of_full();
  BOOST_TEST(state.entries()[0].name == "number");
  BOOST_TEST(state.entries()[2].name == "more/small");
  BOOST_TEST(*state.find_words("kind") == "Everything");
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_named_and_changes_nothing) {
  const std::string tail = "; expected the state of the same objects (nothing was changed)";
  BOOST_TEST(refused(with("number", std::nullopt)) == "restore: \"number\" is missing" + tail);
  BOOST_TEST(refused(with("number", td::Matrix<float>{1})) ==
             "restore: \"number\" is of float instead of double" + tail);
  BOOST_TEST(refused(with("number", td::Matrix<double>(2, 1))) ==
             "restore: \"number\" is 2x1 instead of 1x1" + tail);
  BOOST_TEST(refused(with("more/small", td::IndexMatrix{256})) ==
             "restore: \"more/small\" is 256, which is too large" + tail);
  BOOST_TEST(refused(with("more/flag", td::IndexMatrix{2})) ==
             "restore: \"more/flag\" is 2, which is too large" + tail);
  BOOST_TEST(refused(with("more/colour", td::IndexMatrix{3})) ==
             "restore: \"more/colour\" is 3, which is too large" + tail);
  BOOST_TEST(refused(with("more/flags", td::IndexMatrix(arma::uvec{1, 256}))) ==
             "restore: \"more/flags\" is 256 at its element 1, which is too large" + tail);
  BOOST_TEST(refused(with("more/flags", td::IndexMatrix(3, 1))) ==
             "restore: \"more/flags\" is 3x1 instead of 2x1" + tail);
  BOOST_TEST(refused(with("more/list", td::IndexMatrix(3, 1))) ==
             "restore: \"more/list\" is of index instead of double" + tail);
  BOOST_TEST(refused(with("more/list", td::Matrix<double>(1, 3))) ==
             "restore: \"more/list\" is 1x3 instead of one column" + tail);
  BOOST_TEST(refused(with("more/matrix", td::Matrix<float>(2, 3))) ==
             "restore: \"more/matrix\" is of float instead of double" + tail);
  BOOST_TEST(refused(with("more/matrix", td::Matrix<double>(3, 2))) ==
             "restore: \"more/matrix\" is 3x2 instead of 2x3" + tail);
  BOOST_TEST(refused(with("more/matrix", td::Matrix<double>(2, 3, arma::fill::value(10)))) ==
             "restore: \"more/matrix\" is 10 instead of at most 9" + tail);
  td::StateDict more = state_of_full();
  more.add({.name = "colour", .value = td::Matrix<float>{1}});
  BOOST_TEST(refused(more) == "restore: \"colour\" is left over" + tail);
  td::StateDict nothing;
  nothing.add_words("kind", "Nothing");
  const std::string message = refused(nothing);
  BOOST_TEST(contains(message, "\"kind\" is \"Nothing\" instead of \"Everything\"; \"number\" is missing"),
             message);
}

BOOST_AUTO_TEST_CASE(what_is_out_of_its_range_is_named_and_changes_nothing) {
  const auto refused = [](double rate, td::Index count, td::Index flag, double number) {
    td::StateDict state;
    state.add({"rate", td::Matrix<double>{rate}});
    state.add({"count", td::IndexMatrix{count}});
    state.add({"flag", td::IndexMatrix{flag}});
    state.add({"list", td::Matrix<double>(arma::vec{1, number})});
    Ranged object;
    const std::string message = complaint<td::StateError>([&] { td::restore(object, state); });
    BOOST_TEST((object.rate == 0.5) == (message != "nothing was thrown"));
    BOOST_TEST((object.list.size() == 1U) == (message != "nothing was thrown"));
    return message.substr(0, message.find("; expected"));
  };
  BOOST_TEST(refused(0.25, 7, 1, 2) == "nothing was thrown");
  BOOST_TEST(refused(-1, 7, 1, 2) == "restore: \"rate\" is -1 instead of x > 0");
  BOOST_TEST(refused(std::nan(""), 7, 1, 2) == "restore: \"rate\" is nan instead of x > 0");
  BOOST_TEST(refused(0.25, 8, 1, 2) == "restore: \"count\" is 8, which is too large");
  BOOST_TEST(refused(0.25, 7, 0, 2) == "restore: \"flag\" is 0, which is too small");
  BOOST_TEST(refused(0.25, 7, 2, 2) == "restore: \"flag\" is 2, which is too large");
  BOOST_TEST(refused(0.25, 7, 1, 0) == "restore: \"list\" is 0 at its element 1 instead of x > 0");
}

BOOST_AUTO_TEST_CASE(what_a_file_left_out_is_named_where_it_is_needed) {
  Everything object;
  td::StateDict state = with("number", std::nullopt);
  state.leave_out("number", "of C64");
  state.leave_out("unneeded", "of F4");
  BOOST_TEST(
      complaint<td::StateError>([&] { td::restore(object, state); }) ==
      "restore: \"number\" is of C64 instead of double; expected the state of the same objects (nothing "
      "was changed)");
}

BOOST_AUTO_TEST_CASE(many_faults_are_counted) {
  Everything object;
  td::StateDict state = state_of_full();
  for (int i = 0; i < 20; ++i)
    state.add({.name = "more_" + std::to_string(i), .value = td::Matrix<float>{1}});
  const std::string message = complaint<td::StateError>([&] { td::restore(object, state); });
  BOOST_TEST(contains(message, "\"more_7\" is left over; and 12 more"), message);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
