// Feature columns that are text.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "io/support.hpp"
#include "tapedeck/io/csv.hpp"

namespace td = tapedeck;
using test::csv;
using test::csv_error;
using test::same;

BOOST_AUTO_TEST_SUITE(io)
BOOST_AUTO_TEST_SUITE(csv)

namespace {

using Texts = std::vector<std::string>;

const td::CsvOptions found{.text_features = true};

td::CsvOptions found_with(td::Missing missing, const Texts& texts = {}, bool everywhere = false) {
  return {.missing = missing,
          .missing_value = -7,
          .text_features = true,
          .missing_texts = texts,
          .missing_texts_everywhere = everywhere};
}

// For reading other data like these.
td::CsvOptions known_from(const td::CsvData& table, td::UnknownCategory unknown = {}) {
  td::CsvOptions options{.categories = table.categories, .unknown_category = unknown};
  for (const std::string& name : table.feature_names) options.features.emplace_back(name);
  return options;
}

// "color: blue red; size: l m s"
std::string text_of(const std::vector<td::CsvCategories>& categories) {
  std::string text;
  for (const auto& [column, names] : categories) {
    text += (text.empty() ? "" : "; ") + column + ":";
    for (const std::string& name : names) text += " " + name;
  }
  return text;
}

const td::Matrix<double>& x_of(const td::CsvData& table) { return table.data.x<double>(); }

}  // namespace

BOOST_AUTO_TEST_CASE(a_column_of_text_becomes_a_row_for_each_category) {
  const td::CsvData table = test::csv("weight,color,y,size\n1.5,red,7,s\n2,blue,8,m\n3,red,9,\"l\"\n",
                                      {.targets = {"y"}, .text_features = true});
  BOOST_TEST(same(x_of(table), td::Matrix<double>{{1.5, 2, 3},   // weight
                                                  {0, 1, 0},     // blue
                                                  {1, 0, 1},     // red
                                                  {0, 0, 1},     // l
                                                  {0, 1, 0},     // m
                                                  {1, 0, 0}}));  // s
  BOOST_TEST(same(table.data.y<double>(), td::Matrix<double>{{7, 8, 9}}));
  BOOST_TEST(table.feature_names == (Texts{"weight", "color", "size"}), boost::test_tools::per_element());
  BOOST_TEST(text_of(table.categories) == "color: blue red; size: l m s");
  BOOST_TEST(table.skipped.empty());
}

BOOST_AUTO_TEST_CASE(without_a_header_a_column_of_categories_has_its_number) {
  const td::CsvData table = test::csv("1,a\n2,b\n", {.header = false, .text_features = true});
  BOOST_TEST(same(x_of(table), td::Matrix<double>{{1, 2}, {1, 0}, {0, 1}}));
  BOOST_TEST(text_of(table.categories) == "1: a b");
  const td::CsvData other =
      test::csv("5,b\n", {.header = false, .features = {0, 1}, .categories = table.categories});
  BOOST_TEST(same(x_of(other), td::Matrix<double>(arma::vec{5, 0, 1})));
}

BOOST_AUTO_TEST_CASE(features_keep_the_order_that_was_asked_for) {
  const td::CsvData table =
      test::csv("a,b,c\nx,1,u\ny,2,v\n", {.features = {"c", "b", "a"}, .text_features = true});
  BOOST_TEST(same(x_of(table), td::Matrix<double>{{1, 0}, {0, 1}, {1, 2}, {1, 0}, {0, 1}}));
  BOOST_TEST(text_of(table.categories) == "c: u v; a: x y");
}

BOOST_AUTO_TEST_CASE(one_text_makes_categories_of_numbers) {
  const td::CsvData table = test::csv("a\n10\n9\n10\nnone\n9.0\n", found);
  BOOST_TEST(text_of(table.categories) == "a: 10 9 9.0 none");
  BOOST_TEST(same(x_of(table),
                  td::Matrix<double>{{1, 0, 1, 0, 0}, {0, 1, 0, 0, 0}, {0, 0, 0, 0, 1}, {0, 0, 0, 1, 0}}));
}

BOOST_AUTO_TEST_CASE(categories_are_texts_of_any_bytes) {
  const td::CsvData table = test::csv(
      "\xef\xbb\xbf"
      "a,b\r\n\"x, y\",z\xc3\xa9ro\r\n \"say \"\"x\"\"\" ,\xe9\r\n\"two\r\nlines\", zero \r\n",
      found);
  BOOST_TEST(text_of(table.categories) == "a: say \"x\" two\r\nlines x, y; b: zero z\xc3\xa9ro \xe9");
  BOOST_TEST(same(x_of(table),
                  td::Matrix<double>{{0, 1, 0}, {0, 0, 1}, {1, 0, 0}, {0, 0, 1}, {1, 0, 0}, {0, 1, 0}}));
}

BOOST_AUTO_TEST_CASE(numbers_in_quotes_are_numbers) {
  const td::CsvData table = test::csv("a\n\"1\"\n\"-2.5\"\n+3\n", found);
  BOOST_TEST(table.categories.empty());
  BOOST_TEST(same(x_of(table), td::Matrix<double>{{1, -2.5, 3}}));
}

// Some that the short way takes, and some that it does not.
BOOST_AUTO_TEST_CASE(numbers_have_the_same_bits_beside_text) {
  std::string numbers;
  std::string beside;
  for (int i = 0; i < 500; ++i) {
    const std::string row = std::to_string(i * 0.1) + ", " + std::to_string(i) + "e-3,\"" +
                            std::to_string(1.0 / (i + 1)) + "\",12345678901234567890" + std::to_string(i);
    numbers += row + "\n";
    beside += row + (i % 2 == 0 ? ",even\n" : ",odd\n");
  }
  const td::CsvData plain = test::csv(numbers, {.header = false});
  const td::CsvData looked_at = test::csv(numbers, {.header = false, .text_features = true});
  const td::CsvData mixed = test::csv(beside, {.header = false, .text_features = true});
  BOOST_TEST(same(x_of(looked_at), x_of(plain)));
  BOOST_TEST(looked_at.categories.empty());
  BOOST_TEST(same(td::Matrix<double>(x_of(mixed).head_rows(4)), x_of(plain)));
  BOOST_TEST(text_of(mixed.categories) == "4: even odd");
}

BOOST_AUTO_TEST_CASE(text_may_come_late_and_blocks_end_anywhere) {
  std::string text = "a,b\r\n";
  for (int i = 0; i < 300; ++i) text += std::to_string(i % 90) + "," + std::to_string(i) + "\r\n";
  text += "\"last, but not least\",1\r\n";
  const td::CsvData whole = test::csv(text, found);
  BOOST_TEST(whole.categories[0].names.size() == 91U);
  BOOST_TEST(arma::accu(x_of(whole).head_rows(91)) == 301.0);
  BOOST_TEST(arma::accu(x_of(whole).row(91)) == 299.0 * 150 + 1);
  for (const std::size_t block : {1U, 2U, 3U, 5U, 100U}) {
    const td::CsvData table = test::csv(text, found, block);
    BOOST_TEST(same(x_of(table), x_of(whole)));
    BOOST_TEST(text_of(table.categories) == text_of(whole.categories));
  }
}

// --- Known categories

BOOST_AUTO_TEST_CASE(known_categories_keep_their_rows) {
  const std::string text = "n,color,size,y\n1,red,s,1\n2,blue,m,2\n3,green,l,3\n";
  const td::CsvData training = test::csv(text, {.targets = {"y"}, .text_features = true});
  BOOST_TEST(same(x_of(test::csv(text, known_from(training))), x_of(training)));
  // Other columns, another order, fewer categories; the number of a category stays.
  const td::CsvData other = test::csv("size,extra,color,n\nm,?,green,5\n", known_from(training));
  BOOST_TEST(same(x_of(other), td::Matrix<double>(arma::vec{5, 0, 1, 0, 0, 1, 0})));
  BOOST_TEST(text_of(other.categories) == text_of(training.categories));
  // A column of categories stays one, even if all of them are numbers now.
  const td::CsvData codes = test::csv("a\n1\nx\n", found);
  BOOST_TEST(same(x_of(test::csv("a\n1\n1\n", known_from(codes))), td::Matrix<double>{{1, 1}, {0, 0}}));
}

BOOST_AUTO_TEST_CASE(unknown_categories_are_refused_or_none_of_them) {
  const td::CsvData training = test::csv("n,color\n1,red\n2,blue\n", found);
  const std::string text = "n,color\n3,blue\n4,rod\n";
  BOOST_TEST(csv_error(text, known_from(training)) ==
             "t.csv:3:3: \"rod\" in column \"color\"; expected one of its 2 categories; the nearest name is "
             "\"red\" (unknown_category says what becomes of others)");
  BOOST_TEST(same(x_of(test::csv(text, known_from(training, td::UnknownCategory::zeros))),
                  td::Matrix<double>{{3, 4}, {1, 0}, {0, 0}}));
  BOOST_TEST(csv_error("n,color\nx,red\n", known_from(training, td::UnknownCategory::zeros)) ==
             "t.csv:2:1: \"x\" in column \"n\"; expected a number");
}

BOOST_AUTO_TEST_CASE(known_categories_that_do_not_fit) {
  const auto says = [](const td::CsvOptions& options) {
    return csv_error<td::OptionError>("a,b\n1,2\n", options);
  };
  BOOST_TEST(says({.most_categories = 0}) == "read_csv: most_categories = 0; expected at least 1");
  BOOST_TEST(
      says({.text_features = true, .categories = {{"a", {"1"}}}}) ==
      "read_csv: both text_features and categories; expected one of them (categories that are known are "
      "not looked for)");
  BOOST_TEST(says({.categories = {{"a", {}}}}) ==
             "read_csv: no name in the categories of column \"a\"; expected at least 1");
  BOOST_TEST(says({.categories = {{"a", {"x", ""}}}}) ==
             "read_csv: an empty name in the categories of column \"a\"; expected text");
  BOOST_TEST(says({.categories = {{"a", {"x", "x"}}}}) ==
             "read_csv: \"x\" twice in the categories of column \"a\"; expected every category once");
  BOOST_TEST(says({.categories = {{"a", {"x"}}, {"a", {"x"}}}}) ==
             "t.csv: column \"a\" in categories and again in categories; expected every column once");
  BOOST_TEST(says({.targets = {"a"}, .categories = {{"a", {"x"}}}}) ==
             "t.csv: column \"a\" in categories, which is no feature; expected columns of features alone");
  BOOST_TEST(csv_error<td::NameError>("abc,b\n1,2\n", {.categories = {{"abd", {"x"}}}}) ==
             "t.csv: no column \"abd\", which categories ask for (the nearest name is \"abc\")");
  BOOST_TEST(
      csv_error<td::OptionError>("1,2\n", {.header = false, .categories = {{"b", {"x"}}}}) ==
      "t.csv: column \"b\" in categories of a table without a header; expected a number, counted from 0");
  BOOST_TEST(
      csv_error<td::OptionError>("1,2\n", {.header = false, .categories = {{"2", {"x"}}}}) ==
      "t.csv: column 2 in categories; expected less than 2, the number of columns (columns are counted "
      "from 0)");
}

// --- Missing fields

BOOST_AUTO_TEST_CASE(a_missing_category_is_an_error_leaves_out_its_row_or_is_none_of_them) {
  const std::string text = "a,c\n1,x\n2,\n,y\n4,y\n";
  BOOST_TEST(
      csv_error(text, found) ==
      "t.csv:3:3: an empty field in column \"c\"; expected a category (missing says what becomes of such "
      "rows)");
  BOOST_TEST(
      csv_error("a,c\n1,x\n,x\n", found) ==
      "t.csv:3:1: an empty field in column \"a\"; expected a number (missing says what becomes of such "
      "rows)");
  const td::CsvData skipped = test::csv(text, found_with(td::Missing::skip_row));
  BOOST_TEST(same(x_of(skipped), td::Matrix<double>{{1, 4}, {1, 0}, {0, 1}}));
  BOOST_TEST(skipped.skipped == (std::vector<td::Index>{1, 2}), boost::test_tools::per_element());
  const td::CsvData filled = test::csv(text, found_with(td::Missing::value));
  BOOST_TEST(same(x_of(filled), td::Matrix<double>{{1, 2, -7, 4}, {1, 0, 0, 0}, {0, 0, 1, 1}}));
  td::CsvOptions known = known_from(filled);
  known.missing = td::Missing::value;
  BOOST_TEST(same(x_of(test::csv("a,c\n1,\n", known)), td::Matrix<double>(arma::vec{1, 0, 0})));
}

BOOST_AUTO_TEST_CASE(a_category_that_is_only_in_rows_left_out_is_none_of_them) {
  const td::CsvData table =
      test::csv("a,c,d\n1,x,u\n,y,u\n3,z,v\n4,,w\n5,x,u\n", found_with(td::Missing::skip_row));
  BOOST_TEST(text_of(table.categories) == "c: x z; d: u v");
  BOOST_TEST(same(x_of(table), td::Matrix<double>{{1, 3, 5}, {1, 0, 1}, {0, 1, 0}, {1, 0, 1}, {0, 1, 0}}));
  BOOST_TEST(table.skipped == (std::vector<td::Index>{1, 3}), boost::test_tools::per_element());
  BOOST_TEST(csv_error("a,c\n1,\n,y\n", found_with(td::Missing::skip_row)) ==
             "t.csv:4:1: every row has an empty field; expected at least 1 row to take");
}

BOOST_AUTO_TEST_CASE(texts_that_are_missing_numbers) {
  const Texts texts{"NA", "?", "-999", "nan"};
  const auto read = [&](const std::string& text, bool everywhere = false, bool allow_non_finite = false) {
    td::CsvOptions options = found_with(td::Missing::value, texts, everywhere);
    options.allow_non_finite = allow_non_finite;
    return test::csv(text, options);
  };
  BOOST_TEST(same(x_of(read("a\n1\nna\nNA\n ? \n-999\nNaN\n\"Na\"\n\"\"\n-999.0\n")),
                  td::Matrix<double>{{1, -7, -7, -7, -7, -7, -7, -7, -999}}));
  BOOST_TEST(text_of(read("a\nx\nNA\n-999\n").categories) == "a: -999 NA x");
  const td::CsvData everywhere = read("a\nx\nNA\n-999\n\n", true);
  BOOST_TEST(text_of(everywhere.categories) == "a: x");
  BOOST_TEST(same(x_of(everywhere), td::Matrix<double>{{1, 0, 0}}));
  const td::CsvData infinite = read("a\ninf\nnan\n-nan\n", false, true);
  BOOST_TEST(x_of(infinite)(0) == std::numeric_limits<double>::infinity());
  BOOST_TEST(x_of(infinite)(1) == -7.0);
  BOOST_TEST(std::isnan(x_of(infinite)(2)));
  // They are as well where no text is looked for, and in targets.
  const td::CsvData plain = test::csv(
      "a,y\n1,NA\nna,2\n3,4\n", {.targets = {"y"}, .missing = td::Missing::skip_row, .missing_texts = texts});
  BOOST_TEST(same(x_of(plain), td::Matrix<double>(1, 1, arma::fill::value(3))));
  BOOST_TEST(plain.skipped == (std::vector<td::Index>{0, 1}), boost::test_tools::per_element());
  BOOST_TEST(
      csv_error("a\nNA\n", {.missing_texts = texts}) ==
      "t.csv:2:1: \"NA\", which counts as empty, in column \"a\"; expected a number (missing says what "
      "becomes of such rows)");
  BOOST_TEST(
      csv_error("a\n-999\n", {.missing_texts = texts}).starts_with("t.csv:2:1: \"-999\", which counts"));
  BOOST_TEST(csv_error("a\nN/A\n", {.missing_texts = texts}) ==
             "t.csv:2:1: \"N/A\" in column \"a\"; expected a number");
}

BOOST_AUTO_TEST_CASE(labels_are_missing_only_if_texts_are_everywhere) {
  const std::string text = "a,y\n1,cat\n2,NA\nNA,dog\n4,dog\n";
  td::CsvOptions options = found_with(td::Missing::skip_row, {"na"});
  options.targets = {"y"};
  options.classification = true;
  const td::CsvData kept = test::csv(text, options);
  BOOST_TEST(kept.class_names == (Texts{"NA", "cat", "dog"}), boost::test_tools::per_element());
  BOOST_TEST(same(kept.data.labels(), td::IndexMatrix{{1, 0, 2}}));
  options.missing_texts_everywhere = true;
  const td::CsvData left_out = test::csv(text, options);
  BOOST_TEST(left_out.class_names == (Texts{"cat", "dog"}), boost::test_tools::per_element());
  BOOST_TEST(same(left_out.data.labels(), td::IndexMatrix{{0, 1}}));
  BOOST_TEST(left_out.skipped == (std::vector<td::Index>{1, 2}), boost::test_tools::per_element());
  options.missing = td::Missing::value;
  BOOST_TEST(csv_error(text, options) ==
             "t.csv:3:3: \"NA\", which counts as empty, in column \"y\"; expected a label (missing says what "
             "becomes of such rows)");
}

// --- Columns that cannot be used

BOOST_AUTO_TEST_CASE(all_columns_that_cannot_be_used_are_named_at_once) {
  std::string text = "id,name,n,note,ticket,color\n";
  for (int i = 0; i < 4; ++i) {
    const std::string number = std::to_string(i);
    text += number + ",Mr. " + number + "," + number + ",," + (i == 3 ? "t3" : number) + ",red\n";
  }
  td::CsvOptions options = found_with(td::Missing::value);
  options.most_categories = 3;
  BOOST_TEST(
      csv_error(text, options) ==
      "t.csv: more than 3 categories in column \"name\" (such as \"Mr. 0\"), column \"ticket\" (such as "
      "\"t3\"); no value in column \"note\"; expected at most 3 in a column of text, and at least 1 value "
      "in every feature (ignored leaves columns out, most_categories raises the limit)");
  options.ignored = {"note", "name"};
  options.most_categories = 4;
  BOOST_TEST(text_of(test::csv(text, options).categories) == "ticket: 0 1 2 t3; color: red");
  options.ignored = {"name", "ticket"};
  BOOST_TEST(csv_error(text, options) ==
             "t.csv: no value in column \"note\"; expected at least 1 value in every feature (ignored leaves "
             "columns out)");
  BOOST_TEST(csv_error("a,b\n1,NA\n2,\n", found_with(td::Missing::skip_row, {"na"}))
                 .starts_with("t.csv: no value in column \"b\""));
  BOOST_TEST(csv_error("1,b\n2,b\n3,c\n", {.header = false, .text_features = true, .most_categories = 1})
                 .starts_with("t.csv: more than 1 categories in column 1 (such as \"b\"); expected"));
}

BOOST_AUTO_TEST_CASE(a_message_names_a_hundred_columns_and_counts_the_others) {
  std::string text = "0";
  for (int i = 1; i < 120; ++i) text += "," + std::to_string(i);
  const std::string commas(119, ',');
  const std::string said = csv_error(text + "\n" + commas + "\n", found_with(td::Missing::value));
  BOOST_TEST(test::contains(said, "column \"99\" and 20 more columns; expected"));
}

BOOST_AUTO_TEST_CASE(numbers_that_cannot_be_taken_are_no_categories) {
  BOOST_TEST(csv_error("a\n1\ninf\n", found) ==
             "t.csv:3:1: \"inf\" in column \"a\"; expected a finite number (allow_non_finite takes others)");
  BOOST_TEST(csv_error("a\n1e999\n", found) ==
             "t.csv:2:1: \"1e999\" in column \"a\"; expected a number within the range of double");
  BOOST_TEST(text_of(test::csv("a\ninf\n1e999\nx\n", found).categories) == "a: 1e999 inf x");
}

BOOST_AUTO_TEST_CASE(what_is_no_table_is_refused_as_ever) {
  BOOST_TEST(csv_error("a,b\nx,1\ny\n", found) ==
             "t.csv:3:1: a row of 1 field; expected 2 (as many as in the header)");
  BOOST_TEST(csv_error("a,b\nx,1\n\ny,2\n", found).starts_with("t.csv:3:1: an empty line"));
  BOOST_TEST(csv_error("a,b\nx,1\ny,\"2\n", found).starts_with("t.csv:3:3: a quote that is not closed"));
  BOOST_TEST(csv_error("a,b\n", found) ==
             "t.csv:2:1: a header and nothing else; expected at least 1 row to take");
  BOOST_TEST(csv_error("a,y\nx,one\n", {.targets = {"y"}, .text_features = true}) ==
             "t.csv:2:3: \"one\" in column \"y\"; expected a number");
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
