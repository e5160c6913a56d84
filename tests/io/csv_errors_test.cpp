#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "io/csv_hints.hpp"
#include "io/support.hpp"
#include "support/evidence.hpp"
#include "tapedeck/io/csv.hpp"

namespace td = tapedeck;
using test::csv_error;
using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(io)
BOOST_AUTO_TEST_SUITE(csv)

namespace {

struct Hostile {
  std::string text;
  std::string complaint;
  td::CsvOptions options = {};
};

const td::CsvOptions bare{.header = false};
const td::CsvOptions skipping{.missing = td::Missing::skip_row};
const td::CsvOptions filling{.targets = {"c"}, .classification = true, .missing = td::Missing::value};
const td::CsvOptions labels{.targets = {"c"}, .classification = true};
const td::CsvOptions known_labels{.targets = {"c"}, .classification = true, .classes = {"cat", "dog"}};

const std::string missing = " (missing says what becomes of such rows)";
const std::string non_finite = "; expected a finite number (allow_non_finite takes others)";
const std::string range = "; expected a number within the range of double";
const std::string nul = "a NUL byte; expected text (UTF-16 is not read)";
const std::string quote = "a quote inside a field; expected quotes around all of it, and this one doubled";
const std::string open = "a quote that is not closed; expected another one before the end of the file";
const std::string behind =
    "text behind a closing quote; expected a delimiter or the end of the line (quotes inside of quotes are "
    "doubled)";
const std::string lone = "a carriage return alone; expected a line feed behind it";
const std::string blank = "an empty line; expected a row of fields (only at the end may lines be empty)";
const std::string nothing = "the file is empty; expected a header and at least 1 row";

const std::vector<Hostile> hostile = {
    // What is no number
    {"x1,x2\n1,2\nabc,3\n", R"(t.csv:3:1: "abc" in column "x1"; expected a number)"},
    {"x1,x2\n1,2\n3,abc\n", R"(t.csv:3:3: "abc" in column "x2"; expected a number)"},
    {"x1\n1.5xyz\n", R"(t.csv:2:1: "1.5xyz" in column "x1"; expected a number)"},
    {"x1\n0x10\n", R"(t.csv:2:1: "0x10" in column "x1"; expected a number)"},
    {"x1\n+-1\n", R"(t.csv:2:1: "+-1" in column "x1"; expected a number)"},
    {"x1\n++1\n", R"(t.csv:2:1: "++1" in column "x1"; expected a number)"},
    {"x1\n--1\n", R"(t.csv:2:1: "--1" in column "x1"; expected a number)"},
    {"x1\n-\n", R"(t.csv:2:1: "-" in column "x1"; expected a number)"},
    {"x1\n.\n", R"(t.csv:2:1: "." in column "x1"; expected a number)"},
    {"x1\n1e\n", R"(t.csv:2:1: "1e" in column "x1"; expected a number)"},
    {"x1\n1e+\n", R"(t.csv:2:1: "1e+" in column "x1"; expected a number)"},
    {"x1\ne5\n", R"(t.csv:2:1: "e5" in column "x1"; expected a number)"},
    {"x1\n1.2.3\n", R"(t.csv:2:1: "1.2.3" in column "x1"; expected a number)"},
    {"x1\n1 2\n", R"(t.csv:2:1: "1 2" in column "x1"; expected a number)"},
    {"x1\n- 1\n", R"(t.csv:2:1: "- 1" in column "x1"; expected a number)"},
    {"x1\n1_000\n", R"(t.csv:2:1: "1_000" in column "x1"; expected a number)"},
    {"x1\n1f\n", R"(t.csv:2:1: "1f" in column "x1"; expected a number)"},
    {"x1\n\" 1\"\n", R"(t.csv:2:1: " 1" in column "x1"; expected a number)"},
    {"x1\nnan(12)\n", R"|(t.csv:2:1: "nan(12)" in column "x1"; expected a number)|"},
    {"x1\ninfinit\n", R"(t.csv:2:1: "infinit" in column "x1"; expected a number)"},
    {"x1\n\xe2\x88\x92"
     "1\n",
     R"(t.csv:2:1: "\xe2\x88\x921" in column "x1"; expected a number)"},
    {"x1;x2\n1;1,5\n",
     R"(t.csv:2:3: "1,5" in column "x2"; expected a number (numbers have a decimal point))",
     {.delimiter = ';'}},
    {"1,2\n3,abc\n", R"(t.csv:2:3: "abc" in column 1; expected a number)", bare},
    {"abc,1\n", R"(t.csv:1:1: "abc" in column 0; expected a number)", bare},
    {"a,b\n  1,\t x\n", R"(t.csv:2:7: "x" in column "b"; expected a number)"},
    {"a,b\n1,2\n\"3\n4\",5\n", R"(t.csv:3:1: "3\x0a4" in column "a"; expected a number)"},
    {"a,b\n\"1\",2\n3,\"x\n\ny\"\n", R"(t.csv:3:3: "x\x0a\x0ay" in column "b"; expected a number)"},
    {"a,\"b\nb\"\n1,x\n", R"(t.csv:3:3: "x" in column "b\x0ab"; expected a number)"},
    {"\xef\xbb\xbf"
     "abc,1\n",
     R"(t.csv:1:1: "abc" in column 0; expected a number)", bare},
    // Numbers that a double does not hold, or should not
    {"x1\n1e999\n", R"(t.csv:2:1: "1e999" in column "x1")" + range},
    {"x1\n-1e309\n", R"(t.csv:2:1: "-1e309" in column "x1")" + range},
    {"x1\n1e-999\n", R"(t.csv:2:1: "1e-999" in column "x1")" + range},
    {"x1\n1e99999999999999999999\n", R"(t.csv:2:1: "1e99999999999999999999" in column "x1")" + range},
    {"x1\nNaN\n", R"(t.csv:2:1: "NaN" in column "x1")" + non_finite},
    {"x1\n-inf\n", R"(t.csv:2:1: "-inf" in column "x1")" + non_finite},
    // Nothing
    {"", "t.csv:1:1: " + nothing},
    {"\xef\xbb\xbf", "t.csv:1:1: " + nothing},
    {"\n\n", "t.csv:3:1: " + nothing},
    {"", "t.csv:1:1: the file is empty; expected at least 1 row", bare},
    {"a,b", "t.csv:1:4: a header and nothing else; expected at least 1 row to take"},
    {"a,b\n", "t.csv:2:1: a header and nothing else; expected at least 1 row to take"},
    {"a,b\n1,\n,2\n", "t.csv:4:1: every row has an empty field; expected at least 1 row to take", skipping},
    {"a,b\n1,\n", R"(t.csv:2:3: an empty field in column "b"; expected a number)" + missing},
    {"a,b\n1,", R"(t.csv:2:3: an empty field in column "b"; expected a number)" + missing},
    {"a,b\n \t,1\n", R"(t.csv:2:3: an empty field in column "a"; expected a number)" + missing},
    {"a,b\n1,\"\"\n", R"(t.csv:2:3: an empty field in column "b"; expected a number)" + missing},
    {"c,b\n,1\n", R"(t.csv:2:1: an empty field in column "c"; expected a label)" + missing, labels},
    {"c,b\n,1\n", R"(t.csv:2:1: an empty field in column "c"; expected a label)" + missing, filling},
    {"a,b\n,x\n", R"(t.csv:2:2: "x" in column "b"; expected a number)", skipping},
    // Rows and lines
    {"a,b\n1,2\n3\n", "t.csv:3:1: a row of 1 field; expected 2 (as many as in the header)"},
    {"a,b\n1,2,3,4\n", "t.csv:2:1: a row of 4 fields; expected 2 (as many as in the header)"},
    {"a,b\n1,2,\n", "t.csv:2:1: a row of 3 fields; expected 2 (as many as in the header)"},
    {"1,2\n1,2\n1,2,3", "t.csv:3:1: a row of 3 fields; expected 2 (as many as in the first row)", bare},
    {"a,b\n1,2\n  \n", R"(t.csv:3:3: an empty field in column "a"; expected a number)" + missing},
    {"a,b\n1,2\n\n3,4\n", "t.csv:3:1: " + blank},
    {"a\n1\n\r\n\n3\n", "t.csv:3:1: " + blank},
    {"\na,b\n1,2\n", "t.csv:1:1: " + blank},
    {"a,b\r1,2\r", "t.csv:1:4: " + lone},
    {"a,b\n1,2\r", "t.csv:2:4: " + lone},
    {"a,b\n\r1,2\n", "t.csv:2:1: " + lone},
    // Quotes and bytes
    {"a,b\n1,\"2\n3,4\n", "t.csv:2:3: " + open},
    {"a,b\n1,\"2\"\"\n", "t.csv:2:3: " + open},
    {"a,b\n1,\"", "t.csv:2:3: " + open},
    {"a,b\n1,2\"\n", "t.csv:2:4: " + quote},
    {"a,b\n1,\"2\"3\n", "t.csv:2:6: " + behind},
    {"a,b\n1,\"2\" \"3\"\n", "t.csv:2:7: " + behind},
    {"a,b\n1,2\0\n"s, "t.csv:2:4: " + nul},
    {"a,b\n1,\"2\0\"\n"s, "t.csv:2:5: " + nul},
    {"a,b\n1,\"2\"\0\n"s, "t.csv:2:6: " + nul},
    {"\xff\xfe"
     "a\0,\0b\0\n\0"s,
     "t.csv:1:4: " + nul},
    // Names
    {"x,y,x\n1,2,3\n", R"(t.csv:1:5: a second column "x"; expected every name once in the header)"},
    {"x, \"x\"\n1,2\n", R"(t.csv:1:4: a second column "x"; expected every name once in the header)"},
    {",a,\n1,2,3\n", R"(t.csv:1:4: a second column ""; expected every name once in the header)"},
    {"x,c\n1,cat\n2,dgo\n",
     R"(t.csv:3:3: "dgo" in column "c"; expected one of the classes (the nearest name is "dog"))",
     known_labels},
};

}  // namespace

BOOST_AUTO_TEST_CASE(hostile_tables_are_refused_in_a_sentence) {
  test::Evidence evidence(test::Promise::files, "CSV files made by hand");
  evidence.outcome("all refused, with line, column and what was wanted");
  for (const Hostile& one : hostile) {
    BOOST_TEST_CONTEXT(one.text) {
      BOOST_TEST(csv_error(one.text, one.options) == one.complaint);
      BOOST_TEST(csv_error(one.text, one.options, 1) == one.complaint);  // byte by byte
    }
    evidence.tried();
  }
}

BOOST_AUTO_TEST_CASE(a_field_may_be_a_megabyte_long_and_no_longer) {
  const std::string longest(td::detail::CsvReader::longest_field - 10, '0');
  BOOST_TEST(test::csv("a,b\n1," + longest + "\n").data.x<double>()(1, 0) == 0.0);
  BOOST_TEST(test::csv("a,b\n1,\"" + longest + "\"\n").data.x<double>()(1, 0) == 0.0);
  const std::string too_long(8 * td::detail::CsvReader::longest_field, '0');
  BOOST_TEST(csv_error("a,b\n1," + too_long + "\n") ==
             "t.csv:2:3: a field of more than 1048576 bytes; expected a shorter one");
  BOOST_TEST(
      csv_error("a,b\n1,\"" + too_long + "\"\n") ==
      "t.csv:2:3: a field of more than 1048576 bytes; expected a shorter one (is the quote not closed?)");
}

// --- Options

BOOST_AUTO_TEST_CASE(options_out_of_range) {
  const auto says = [](const td::CsvOptions& options) {
    return csv_error<td::OptionError>("a,b\n1,2\n", options);
  };
  for (const auto& [delimiter, text] : std::vector<std::pair<char, std::string>>{{'\0', R"("\x00")"},
                                                                                 {'\n', R"("\x0a")"},
                                                                                 {'\r', R"("\x0d")"},
                                                                                 {'"', R"(""")"},
                                                                                 {'.', R"(".")"},
                                                                                 {'-', R"("-")"},
                                                                                 {'+', R"("+")"},
                                                                                 {'e', R"("e")"},
                                                                                 {'0', R"("0")"},
                                                                                 {'\xe9', R"("\xe9")"}}) {
    BOOST_TEST(says({.delimiter = delimiter}) ==
               "read_csv: delimiter = " + text +
                   "; expected an ASCII character that no number, quote or line needs");
  }
  BOOST_TEST(says({.classification = true}) == "read_csv: classification with 0 targets; expected 1 target");
  BOOST_TEST(says({.targets = {0, 1}, .classification = true}) ==
             "read_csv: classification with 2 targets; expected 1 target");
  BOOST_TEST(says({.targets = {0}, .classes = {"a"}}) ==
             "read_csv: classes without classification; expected both or neither");
  BOOST_TEST(says({.targets = {0}, .classification = true, .classes = {"a", "b", "a"}}) ==
             R"(read_csv: "a" twice in classes; expected every class once)");
  BOOST_TEST(says({.targets = {0}, .classification = true, .classes = {""}}) ==
             "read_csv: an empty name in classes; expected text");
  BOOST_TEST(says({.features = {0}, .ignored = {1}}) ==
             "read_csv: both features and ignored; expected one of them (what is neither in features nor in "
             "targets is "
             "ignored)");
}

BOOST_AUTO_TEST_CASE(options_that_do_not_fit_the_table) {
  const auto says = [](const td::CsvOptions& options) {
    return csv_error<td::OptionError>("a,b\n1,2\n", options);
  };
  BOOST_TEST(
      says({.targets = {2}}) ==
      "t.csv: column 2 in targets; expected less than 2, the number of columns (columns are counted from 0)");
  BOOST_TEST(says({.targets = {-1}}) ==
             "t.csv: column 18446744073709551615 in targets; expected less than 2, the "
             "number of columns (was it negative?)");
  BOOST_TEST(says({.targets = {"a", 0}}) ==
             R"(t.csv: column "a" in targets and again in targets; expected every column once)");
  BOOST_TEST(says({.targets = {"a"}, .features = {"b", "a"}}) ==
             R"(t.csv: column "a" in targets and again in features; expected every column once)");
  BOOST_TEST(says({.targets = {"a"}, .ignored = {"a"}}) ==
             R"(t.csv: column "a" in targets and again in ignored; expected every column once)");
  BOOST_TEST(says({.targets = {"a", "b"}}) ==
             "t.csv: no column is left for features; expected at least 1 (is the delimiter right?)");
  BOOST_TEST(
      says({.header = false, .targets = {"a"}}) ==
      R"(t.csv: column "a" in targets of a table without a header; expected a number, counted from 0)");
}

BOOST_AUTO_TEST_CASE(names_that_are_not_there_get_a_hint) {
  BOOST_TEST(csv_error<td::NameError>("petal,species\n1,2\n", {.targets = {"specis"}}) ==
             R"(t.csv: no column "specis", which targets ask for (the nearest name is "species"))");
  BOOST_TEST(csv_error<td::NameError>("petal,species\n1,2\n", {.features = {"Petal"}}) ==
             R"(t.csv: no column "Petal", which features ask for (the nearest name is "petal"))");
  BOOST_TEST(csv_error<td::NameError>("petal,species\n1,2\n", {.ignored = {std::string(1000, 'x')}}) ==
             "t.csv: no column \"" + std::string(100, 'x') + "...\", which ignored ask for");
}

BOOST_AUTO_TEST_CASE(another_delimiter_is_named) {
  const auto hint = [](const std::string& text, const td::CsvOptions& options = {}) {
    const std::string said = test::complaint<td::Error>([&] { test::csv(text, options); });
    const std::size_t at = said.find(" (the fields seem to be separated by ");
    return at == std::string::npos ? said : said.substr(at);
  };
  const auto by = [](const std::string& what) {
    return " (the fields seem to be separated by " + what + ")";
  };
  BOOST_TEST(hint("a;b\n1;2\n") == by("';'"));
  BOOST_TEST(hint("a\tb\n1\t2\n") == by("tabs"));
  BOOST_TEST(hint("a|b\n1|2\n3|4\n") == by("'|'"));
  BOOST_TEST(hint("a:b\n1:2\n") == by("':'"));
  BOOST_TEST(hint("a b\n1 2\n") == by("spaces"));
  BOOST_TEST(hint("a,b\n1,2\n", {.delimiter = ';'}) == by("','"));
  BOOST_TEST(hint("1;2\n", bare) == by("';'"));
  BOOST_TEST(hint("a;b\n1,5;2,5\n") == by("';'"));                          // rows of 3 fields
  BOOST_TEST(hint("a;\"b\"\n1;2\n") == by("';'"));                          // a quote inside a field
  BOOST_TEST(hint("a;y\n1;2\n", {.targets = {"y"}}) == by("';'"));          // no such name
  BOOST_TEST(hint("a;y\n1;2\n", {.targets = {1}}) == by("';'"));            // no such number
  BOOST_TEST(hint("a;y\n1;2\n", {.targets = {0}}) == by("';'"));            // nothing left
  BOOST_TEST(hint("a;b,x;y\n1;2,3;4\n", {.targets = {"y"}}) == by("';'"));  // no such name among two
  BOOST_TEST(hint("a;b,x;y\n1;2,3;4\n", {.targets = {2}}) == by("';'"));
  // None that splits the lines unequally or not at all, or that does not find the column either.
  BOOST_TEST(hint("a;b\n1;2;3\n") == "t.csv:2:1: \"1;2;3\" in column \"a;b\"; expected a number");
  BOOST_TEST(hint("a\nx\n") == "t.csv:2:1: \"x\" in column \"a\"; expected a number");
  BOOST_TEST(hint("a;b,x;y\n1;2,3;4\n", {.targets = {"z"}}).find("seem") == std::string::npos);
  BOOST_TEST(hint("a;b,x;y\n1;2,3;4\n") == "t.csv:2:1: \"1;2\" in column \"a;b\"; expected a number");
  BOOST_TEST(hint("a b\n") == "t.csv:2:1: a header and nothing else; expected at least 1 row to take");
}

// The first lines alone are looked at.
BOOST_AUTO_TEST_CASE(another_delimiter_of_a_long_file_is_named) {
  std::string text = "a;b\n";
  while (text.size() < (std::size_t{1} << 18U)) text += "1;2\n";
  text += "1;2;3\n";
  BOOST_TEST(
      csv_error(text) ==
      "t.csv:2:1: \"1;2\" in column \"a;b\"; expected a number (the fields seem to be separated by ';')");
}

// Whoever calls the fields of CsvOptions by other names finds every hint that names one.
BOOST_AUTO_TEST_CASE(hints_that_name_options_are_listed) {
  const auto is_listed = [](const std::string& text, const td::CsvOptions& options) {
    try {
      test::csv(text, options);
    } catch (const td::Error& error) {
      return std::count(std::begin(td::csv_hints::all), std::end(td::csv_hints::all), error.hint()) == 1;
    }
    return false;
  };
  BOOST_TEST(is_listed("a\ninf\n", {}));
  BOOST_TEST(is_listed("a,b\n1,\n", {}));
  BOOST_TEST(is_listed("a,b\n1,2\n", {.features = {0}, .ignored = {1}}));
  BOOST_TEST(is_listed("a\nx\ny\n", {.text_features = true, .most_categories = 1}));
  BOOST_TEST(is_listed("a,b\n1,\n", {.missing = td::Missing::value, .text_features = true}));
  BOOST_TEST(is_listed("a\nx\n", {.categories = {{"a", {"y"}}}}));
  BOOST_TEST(is_listed("a\n1e39\n", {.scalar = td::f32}));
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
