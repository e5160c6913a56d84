#include "tapedeck/state/state_dict.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

#include "support/complaint.hpp"

namespace td = tapedeck;
using test::complaint;

BOOST_AUTO_TEST_SUITE(state)
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
  BOOST_TEST(state.entries().size() == 2);
  BOOST_TEST(state.words().size() == 1);
}

BOOST_AUTO_TEST_CASE(entries_have_dimensions) {
  td::StateDict state;
  state.add({"matrix", td::Matrix<float>(2, 3)});
  state.add({"kernel", td::Matrix<float>(2, 12), td::Dimensions{2, 3, 2, 2}});
  state.add({"vector", td::Matrix<float>(3, 1), td::Dimensions{3}});
  state.add({"number", td::Matrix<float>(1, 1), td::Dimensions{}});
  state.add({"empty", td::Matrix<float>(0, 6), td::Dimensions{0, 2, 3}});
  state.add({"eight", td::Matrix<float>(1, 6), td::Dimensions{1, 1, 1, 1, 1, 1, 2, 3}});
  const auto text = [&](const char* name) { return td::to_string(*state.find(name)->dimensions); };
  BOOST_TEST(text("matrix") == "[2, 3]");
  BOOST_TEST(text("kernel") == "[2, 3, 2, 2]");
  BOOST_TEST(text("vector") == "[3]");
  BOOST_TEST(text("number") == "[]");
  BOOST_TEST(text("empty") == "[0, 2, 3]");
  BOOST_TEST(text("eight") == "[1, 1, 1, 1, 1, 1, 2, 3]");
}

BOOST_AUTO_TEST_CASE(dimensions_of_another_shape_are_refused) {
  td::StateDict state;
  const auto refused = [&](const td::Dimensions& dimensions) {
    return complaint<td::ShapeError>([&] { state.add({"t", td::Matrix<float>(2, 6), dimensions}); });
  };
  BOOST_TEST(
      refused({2, 3, 3}) ==
      "StateDict: \"t\" of dimensions [2, 3, 3] in a matrix of 2x6; expected at most 8 dimensions: the "
      "first one is the rows, the product of the others the columns");
  constexpr td::Index large = td::Index{1} << 33U;
  for (const td::Dimensions& dimensions :
       {td::Dimensions{}, td::Dimensions{12}, td::Dimensions{6, 2}, td::Dimensions{3, 2, 2},
        td::Dimensions{2, 3, 2, 0}, td::Dimensions{2, 6, 1, 1, 1, 1, 1, 1, 1},
        td::Dimensions{2, large, large, large}}) {
    BOOST_TEST(refused(dimensions).starts_with("StateDict: \"t\" of dimensions "));
  }
  BOOST_TEST(state.entries().empty());
  BOOST_CHECK_NO_THROW(state.add({"t", td::Matrix<float>(2, 6), td::Dimensions{2, 3, 2}}));
  BOOST_TEST(!td::matrix_shape({0, large, large}).has_value());  // more columns than can be counted
  BOOST_TEST(!td::matrix_shape({large, large, 0}).has_value());
}

BOOST_AUTO_TEST_CASE(what_was_left_out_is_noted_once) {
  td::StateDict state;
  state.add({"x", td::Matrix<float>{1}});
  state.leave_out("y", "of C64");
  BOOST_TEST(state.find("y") == nullptr);
  BOOST_TEST(state.left_out().at("y") == "of C64");
  BOOST_CHECK_THROW(state.leave_out("y", "of C64"), td::NameError);
  BOOST_CHECK_THROW(state.leave_out("x", "of C64"), td::NameError);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
