#include "tapedeck/core/error.hpp"

#include <boost/test/unit_test.hpp>
#include <exception>
#include <stdexcept>
#include <type_traits>

namespace td = tapedeck;

BOOST_AUTO_TEST_SUITE(core)
BOOST_AUTO_TEST_SUITE(error)

BOOST_AUTO_TEST_CASE(what_reads_as_one_sentence) {
  const td::ShapeError full{
      {.who = "fc_2", .given = "input is 3x4", .wanted = "5 rows", .hint = "a column is a sample"}};
  BOOST_TEST(full.what() == "fc_2: input is 3x4; expected 5 rows (a column is a sample)");
}

BOOST_AUTO_TEST_CASE(what_leaves_out_what_is_not_there) {
  BOOST_TEST(td::Error({.who = "tape", .given = "played twice"}).what() == "tape: played twice");
  BOOST_TEST(td::Error({.who = "a", .given = "b", .wanted = "c"}).what() == "a: b; expected c");
  BOOST_TEST(td::Error({.who = "a", .given = "b", .hint = "d"}).what() == "a: b (d)");
}

BOOST_AUTO_TEST_CASE(the_parts_can_be_read_one_by_one) {
  const td::OptionError e{
      {.who = "Dropout", .given = "probability is 1.5", .wanted = "[0, 1)", .hint = "a fraction"}};
  BOOST_TEST(e.who() == "Dropout");
  BOOST_TEST(e.given() == "probability is 1.5");
  BOOST_TEST(e.wanted() == "[0, 1)");
  BOOST_TEST(e.hint() == "a fraction");

  const td::Error bare{{.who = "x", .given = "y"}};
  BOOST_TEST(bare.wanted().empty());
  BOOST_TEST(bare.hint().empty());
}

template <class E>
void is_caught_as_what_it_is() {
  const td::Complaint complaint{.who = "somebody", .given = "something"};
  BOOST_CHECK_THROW(throw E{complaint}, E);
  BOOST_CHECK_THROW(throw E{complaint}, td::Error);
  BOOST_CHECK_EXCEPTION(throw E{complaint}, std::runtime_error, [](const std::runtime_error& e) {
    return std::string{e.what()} == "somebody: something";
  });
}

BOOST_AUTO_TEST_CASE(every_error_is_caught_as_itself_as_error_and_as_runtime_error) {
  is_caught_as_what_it_is<td::ShapeError>();
  is_caught_as_what_it_is<td::ScalarError>();
  is_caught_as_what_it_is<td::NameError>();
  is_caught_as_what_it_is<td::OptionError>();
  is_caught_as_what_it_is<td::LabelError>();
  is_caught_as_what_it_is<td::HandleError>();
  is_caught_as_what_it_is<td::UsageError>();
  is_caught_as_what_it_is<td::ContractError>();
  is_caught_as_what_it_is<td::NonFiniteError>();
}

BOOST_AUTO_TEST_CASE(kinds_do_not_pass_for_one_another) {
  static_assert(!std::is_base_of_v<td::ShapeError, td::ScalarError>);
  static_assert(!std::is_base_of_v<td::HandleError, td::UsageError>);
  BOOST_CHECK_THROW(
      try { throw td::NameError({.who = "a", .given = "b"}); } catch (const td::OptionError&){},
      td::NameError);
}

BOOST_AUTO_TEST_CASE(who_complains_may_be_said_more_exactly) {
  td::ShapeError error({.who = "affine", .given = "x is 5x2", .wanted = "3x2"});
  error.set_who("fc_1 (affine)");
  BOOST_TEST(error.who() == "fc_1 (affine)");
  BOOST_TEST(error.what() == "fc_1 (affine): x is 5x2; expected 3x2");
}

BOOST_AUTO_TEST_CASE(a_copy_survives_the_original) {
  std::exception_ptr kept;
  try {
    throw td::LabelError{{.who = "loss", .given = "label 7", .wanted = "less than 3"}};
  } catch (const td::Error&) {
    kept = std::current_exception();
  }
  BOOST_CHECK_EXCEPTION(std::rethrow_exception(kept), td::LabelError, [](const td::LabelError& e) {
    return e.wanted() == "less than 3" && std::string{e.what()} == "loss: label 7; expected less than 3";
  });
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
