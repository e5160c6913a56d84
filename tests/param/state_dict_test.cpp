#include "tapedeck/param/state_dict.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

#include "support/complaint.hpp"

namespace td = tapedeck;
using test::complaint;

BOOST_AUTO_TEST_SUITE(param)
BOOST_AUTO_TEST_SUITE(state_dict)

BOOST_AUTO_TEST_CASE(entries_are_kept_in_order_and_found_by_name) {
  td::StateDict state;
  for (int i = 0; i < 100; ++i) {
    state.add({.name = "entry_" + std::to_string(i), .value = td::Matrix<double>{static_cast<double>(i)}});
  }
  state.add_words("kind", "Adam");
  BOOST_TEST(state.entries().size() == 100);
  BOOST_TEST(state.entries()[7].name == "entry_7");
  BOOST_TEST(std::get<td::Matrix<double>>(state.find("entry_42")->value)[0] == 42);
  BOOST_TEST(state.find("entry_100") == nullptr);
  BOOST_TEST(*state.find_words("kind") == "Adam");
  BOOST_TEST(state.find_words("entry_1") == nullptr);
}

BOOST_AUTO_TEST_CASE(a_copy_owns_its_matrices) {
  td::StateDict state;
  state.add({.name = "x", .value = td::Matrix<float>{1, 2, 3}});
  td::StateDict copy = state;
  copy.add({.name = "y", .value = td::IndexMatrix{4}});
  state = td::StateDict();
  BOOST_TEST(std::get<td::Matrix<float>>(copy.find("x")->value)[2] == 3);
  BOOST_TEST(state.find("x") == nullptr);
}

BOOST_AUTO_TEST_CASE(bad_names_are_refused_and_nothing_is_added) {
  td::StateDict state;
  state.add({.name = "x", .value = td::Matrix<float>{1}});
  state.add_words("kind", "Adam");
  const auto refused = [&](const std::string& name) {
    return complaint<td::NameError>([&] { state.add({.name = name, .value = td::Matrix<float>{2}}); });
  };
  BOOST_TEST(refused("x") == "StateDict: the name \"x\" a second time; expected a new one");
  BOOST_TEST(refused("") == "StateDict: the name \"\"; expected 1 to 512 bytes, none of them zero");
  BOOST_TEST(refused(std::string("a\0b", 3)) ==
             "StateDict: the name \"a\\x00b\"; expected 1 to 512 bytes, none of them zero");
  BOOST_CHECK_THROW(state.add({.name = std::string(513, 'a'), .value = td::Matrix<float>{2}}), td::NameError);
  BOOST_CHECK_NO_THROW(state.add({.name = std::string(512, 'a'), .value = td::Matrix<float>{2}}));
  BOOST_CHECK_THROW(state.add_words("kind", "SGD"), td::NameError);
  BOOST_CHECK_THROW(state.add_words("note", std::string("a\0b", 3)), td::NameError);
  BOOST_TEST(complaint<td::ShapeError>([&] {
               state.add({.name = "v", .value = td::Matrix<float>(2, 3), .vector = true});
             }) == "StateDict: a vector \"v\" of 2x3; expected one column");
  BOOST_TEST(state.entries().size() == 2);
  BOOST_TEST(state.words().size() == 1);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
