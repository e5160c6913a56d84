#include "tapedeck/io/csv.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "io/support.hpp"

namespace td = tapedeck;
using test::csv;
using test::same;

BOOST_AUTO_TEST_SUITE(io)

namespace {

using Names = std::vector<std::string>;

const td::Matrix<double> two_by_two{{1, 3}, {2, 4}};  // of the rows 1,2 and 3,4

bool reads_as_two_by_two(const std::string& text, const td::CsvOptions& options = {}) {
  return same(test::csv(text, options).data.x<double>(), two_by_two);
}

double number(const std::string& text, const td::CsvOptions& options = {.header = false}) {
  return test::csv(text, options).data.x<double>()(0, 0);
}

td::CsvData labelled(const std::string& labels, const Names& classes = {}) {
  return test::csv(labels, {.header = false, .targets = {0}, .classification = true, .classes = classes});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(csv)

BOOST_AUTO_TEST_CASE(one_row_is_one_sample) {
  const td::CsvData table = test::csv("a,b,c\n1,2,3\n4,5,6\n", {.targets = {"b"}});
  BOOST_TEST(same(table.data.x<double>(), td::Matrix<double>{{1, 4}, {3, 6}}));
  BOOST_TEST(same(table.data.y<double>(), td::Matrix<double>{{2, 5}}));
  BOOST_TEST(table.feature_names == (Names{"a", "c"}), boost::test_tools::per_element());
  BOOST_TEST(table.target_names == Names{"b"}, boost::test_tools::per_element());
  BOOST_TEST(table.class_names.empty());
  BOOST_TEST(table.skipped.empty());
}

BOOST_AUTO_TEST_CASE(a_file_reads_like_its_text) {
  const test::File file("a,b\n1,2\n3,4\n");
  BOOST_TEST(same(td::read_csv(file.path()).data.x<double>(), two_by_two));
  BOOST_TEST(same(td::read_csv(file.path(), {.targets = {1}}).data.y<double>(), td::Matrix<double>{{2, 4}}));
}

BOOST_AUTO_TEST_CASE(without_targets_y_has_no_rows) {
  BOOST_TEST(td::to_string(td::shape_of(test::csv("a\n1\n2\n").data.y<double>())) == "0x2");
}

BOOST_AUTO_TEST_CASE(columns_come_in_the_order_they_are_asked_for_in) {
  const std::string text = "a,b,c,d\n1,2,3,4\n5,6,7,8\n";
  const td::CsvData table = test::csv(text, {.targets = {3, "a"}, .features = {"c", 1}});
  BOOST_TEST(same(table.data.x<double>(), td::Matrix<double>{{3, 7}, {2, 6}}));
  BOOST_TEST(same(table.data.y<double>(), td::Matrix<double>{{4, 8}, {1, 5}}));
  BOOST_TEST(table.feature_names == (Names{"c", "b"}), boost::test_tools::per_element());
  BOOST_TEST(table.target_names == (Names{"d", "a"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_is_not_used_may_be_any_text) {
  BOOST_TEST(reads_as_two_by_two("a,note,b\n1,high,2\n3,,4\n", {.ignored = {"note"}}));
  BOOST_TEST(reads_as_two_by_two("a,note,b\n1,\"x,\ny\",2\n3,1e999,4\n", {.features = {"a", "b"}}));
}

BOOST_AUTO_TEST_CASE(without_a_header_columns_are_numbers) {
  const td::CsvData table = test::csv("1,9,2\n3,8,4\n", {.header = false, .targets = {1}});
  BOOST_TEST(same(table.data.x<double>(), two_by_two));
  BOOST_TEST(table.feature_names == (Names{"0", "2"}), boost::test_tools::per_element());
  BOOST_TEST(table.target_names == Names{"1"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(other_delimiters) {
  BOOST_TEST(reads_as_two_by_two("a;b\n1;2\n3;4\n", {.delimiter = ';'}));
  BOOST_TEST(reads_as_two_by_two("a\tb\n1\t2\n3\t4\n", {.delimiter = '\t'}));
  BOOST_TEST(reads_as_two_by_two("a b\n1 2\n3 4\n", {.delimiter = ' '}));
  BOOST_TEST(reads_as_two_by_two("a|b\n1|2\n3|4\n", {.delimiter = '|'}));
}

// --- Lines, quotes and blanks

BOOST_AUTO_TEST_CASE(lines_end_in_lf_or_crlf_and_the_last_one_may_not) {
  BOOST_TEST(reads_as_two_by_two("a,b\n1,2\n3,4"));
  BOOST_TEST(reads_as_two_by_two("a,b\r\n1,2\r\n3,4\r\n"));
  BOOST_TEST(reads_as_two_by_two("a,b\r\n1,2\n3,4\n"));
  BOOST_TEST(reads_as_two_by_two("a,b\n1,2\n3,4\n\n\r\n\n"));
}

BOOST_AUTO_TEST_CASE(a_byte_order_mark_is_no_part_of_the_first_name) {
  const td::CsvData table = test::csv("\xef\xbb\xbfx,y\n1,2\n");
  BOOST_TEST(table.feature_names == (Names{"x", "y"}), boost::test_tools::per_element());
  BOOST_TEST(test::csv("\xef\xbb\xbf\"x\"\n1\n").feature_names == Names{"x"},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(quotes_keep_delimiters_line_breaks_and_doubled_quotes) {
  const td::CsvData table = test::csv("\"a,b\",\"say \"\"x\"\"\",\"two\r\nlines\",\"\"\n1,\"2\",3,\"4\"\r\n");
  BOOST_TEST(table.feature_names == (Names{"a,b", "say \"x\"", "two\r\nlines", ""}),
             boost::test_tools::per_element());
  BOOST_TEST(same(table.data.x<double>(), td::Matrix<double>(arma::vec{1, 2, 3, 4})));
}

BOOST_AUTO_TEST_CASE(blanks_around_fields_count_for_nothing) {
  BOOST_TEST(reads_as_two_by_two(" a , \"b\" \n 1,\t2 \n3 ,  4"));
  const td::CsvData table = test::csv(" a b ,\" c \"\n1,2\n");
  BOOST_TEST(table.feature_names == (Names{"a b", " c "}), boost::test_tools::per_element());
}

// --- Numbers

BOOST_AUTO_TEST_CASE(forms_of_a_number) {
  BOOST_TEST(number("+1") == 1.0);
  BOOST_TEST(number(".5") == 0.5);
  BOOST_TEST(number("-.5") == -0.5);
  BOOST_TEST(number("5.") == 5.0);
  BOOST_TEST(number("007") == 7.0);
  BOOST_TEST(number("1e3") == 1000.0);
  BOOST_TEST(number("1E+3") == 1000.0);
  BOOST_TEST(number("1.5e-3") == 0.0015);
  BOOST_TEST(number("1.5e-3,+2") == 0.0015);
}

BOOST_AUTO_TEST_CASE(non_finite_numbers_are_taken_when_allowed) {
  const td::CsvOptions allowing{.header = false, .allow_non_finite = true};
  for (const char* text : {"nan", "NaN", "-nan", "+NAN"})
    BOOST_TEST(std::isnan(number(text, allowing)), text);
  for (const char* text : {"inf", "+Inf", "INFINITY"}) {
    BOOST_TEST(number(text, allowing) == std::numeric_limits<double>::infinity(), text);
  }
  BOOST_TEST(number("-inf", allowing) == -std::numeric_limits<double>::infinity());
}

// --- Missing fields

BOOST_AUTO_TEST_CASE(rows_with_missing_fields_can_be_left_out) {
  const td::CsvOptions skip{.targets = {"y"}, .ignored = {"note"}, .missing = td::Missing::skip_row};
  const td::CsvData table = test::csv("a,note,y\n1,,2\n,n,5\n3,n,4\n6,n,\n7,n,\"\"\n8,n, \n", skip);
  BOOST_TEST(same(table.data.x<double>(), td::Matrix<double>{{1, 3}}));
  BOOST_TEST(same(table.data.y<double>(), td::Matrix<double>{{2, 4}}));
  BOOST_TEST(table.skipped == (std::vector<td::Index>{1, 3, 4, 5}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_class_that_is_only_in_rows_left_out_is_none) {
  const td::CsvData table =
      test::csv("x,c\n,b\n1,a\n2,c\n3,\n",
                {.targets = {"c"}, .classification = true, .missing = td::Missing::skip_row});
  BOOST_TEST(table.class_names == (Names{"a", "c"}), boost::test_tools::per_element());
  BOOST_TEST(same(table.data.labels(), td::IndexMatrix{{0, 1}}));
}

BOOST_AUTO_TEST_CASE(missing_fields_can_be_filled) {
  const td::CsvOptions fill{.targets = {"b"}, .missing = td::Missing::value, .missing_value = -1};
  const td::CsvData table = test::csv("a,b\n1,3\n,2\n", fill);
  BOOST_TEST(same(table.data.x<double>(), td::Matrix<double>{{1, -1}}));
  BOOST_TEST(same(table.data.y<double>(), td::Matrix<double>{{3, 2}}));
  BOOST_TEST(
      test::contains(test::csv_error("a,b\n1,\n,2\n", fill), "t.csv:2:3: an empty field in column \"b\""));
  BOOST_TEST(test::csv("a,b\n1,\n", {.missing = td::Missing::value}).data.x<double>()(1, 0) == 0.0);
}

// --- Classes

BOOST_AUTO_TEST_CASE(labels_become_numbers_in_the_order_of_their_names) {
  const td::CsvData table = labelled("virginica,1\nsetosa,2\nversicolor,3\nsetosa,4\n");
  BOOST_TEST(table.class_names == (Names{"setosa", "versicolor", "virginica"}),
             boost::test_tools::per_element());
  BOOST_TEST(same(table.data.labels(), td::IndexMatrix{{2, 0, 1, 0}}));
  BOOST_TEST(same(table.data.x<double>(), td::Matrix<double>{{1, 2, 3, 4}}));
}

BOOST_AUTO_TEST_CASE(labels_that_are_all_numbers_are_ordered_by_value) {
  const td::CsvData table = labelled("10,1\n9,2\n-1,3\n10,4\n");
  BOOST_TEST(table.class_names == (Names{"-1", "9", "10"}), boost::test_tools::per_element());
  BOOST_TEST(same(table.data.labels(), td::IndexMatrix{{2, 1, 0, 2}}));
  BOOST_TEST(labelled("10,1\n9,2\nten,3\n").class_names == (Names{"10", "9", "ten"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(classes_that_are_given_keep_their_numbers) {
  const td::CsvData table = labelled("b,1\nc,2\n", {"c", "a", "b"});
  BOOST_TEST(table.class_names == (Names{"c", "a", "b"}), boost::test_tools::per_element());
  BOOST_TEST(same(table.data.labels(), td::IndexMatrix{{2, 0}}));
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
