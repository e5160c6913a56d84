#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/support.hpp"
#include "support/evidence.hpp"
#include "tapedeck/io/csv.hpp"

namespace td = tapedeck;
using test::csv;
using test::same;

BOOST_AUTO_TEST_SUITE(io)
BOOST_AUTO_TEST_SUITE(csv)

namespace {

// All kinds of fields and of ends of lines.
const std::string varied =
    "\xef\xbb\xbfid,\"a \"\"b\"\"\",c,label\r\n"
    "-1.25e2, 0.12345678901234567 ,\"1\",\"cat, big\"\n"
    "+2,\t3,4,\"dog\nsmall\"\r\n"
    "1e22,,5.,cat\n"
    "\"7\" ,.5,12345678901234567890,\"a \"\"b\"\"\"\r\n"
    "\n\r\n";
const td::CsvOptions varied_options{
    .targets = {"label"}, .classification = true, .missing = td::Missing::value, .missing_value = 9};

void require_same(const td::CsvData& a, const td::CsvData& b) {
  BOOST_TEST(same(a.data.x<double>(), b.data.x<double>()));
  BOOST_TEST(same(a.data.labels(), b.data.labels()));
  BOOST_TEST(a.feature_names == b.feature_names, boost::test_tools::per_element());
  BOOST_TEST(a.class_names == b.class_names, boost::test_tools::per_element());
}

// Hands out one byte, then two, then three, then one again.
class Trickle final : public td::detail::Source {
 public:
  explicit Trickle(std::string_view bytes) : bytes_(bytes) {}
  std::size_t read(char* to, std::size_t most) override {
    turn_ = turn_ % 3 + 1;
    return bytes_.read(to, std::min(most, turn_));
  }
  void rewind() override { bytes_.rewind(); }

 private:
  td::detail::MemorySource bytes_;
  std::size_t turn_ = 0;
};

}  // namespace

BOOST_AUTO_TEST_CASE(blocks_may_end_anywhere) {
  const td::CsvData whole = test::csv(varied, varied_options);
  BOOST_TEST(same(whole.data.x<double>(), td::Matrix<double>{{-125, 2, 1e22, 7},
                                                             {0.12345678901234567, 3, 9, 0.5},
                                                             {1, 4, 5, 12345678901234567890.0}}));
  BOOST_TEST(whole.class_names == (std::vector<std::string>{"a \"b\"", "cat", "cat, big", "dog\nsmall"}),
             boost::test_tools::per_element());
  for (std::size_t block = 1; block <= varied.size() + 1; ++block) {
    require_same(test::csv(varied, varied_options, block), whole);
  }
}

BOOST_AUTO_TEST_CASE(a_source_may_give_less_than_it_is_asked_for) {
  Trickle source(varied);
  require_same(td::detail::parse_csv(source, "t.csv", varied_options), test::csv(varied, varied_options));
}

BOOST_AUTO_TEST_CASE(a_file_may_be_longer_than_a_block) {
  std::string text = "a,b,label\n";
  td::Matrix<double> x(2, 60'000);
  for (td::Index i = 0; i < x.n_cols; ++i) {
    const std::string digits = std::to_string(i * 7919 % 60'000);  // fields of several lengths
    text += digits + "." + digits + (i % 5 == 0 ? ",\"" + digits + "\"," : "," + digits + ",") + "c\n";
    x(0, i) = std::stod(digits + "." + digits);
    x(1, i) = std::stod(digits);
  }
  BOOST_TEST(text.size() > 4 * td::detail::CsvReader::usual_block);
  const test::File file(text);
  const td::CsvData table = td::read_csv(file.path(), {.targets = {"label"}, .classification = true});
  BOOST_TEST(same(table.data.x<double>(), x));
  BOOST_TEST(table.data.labels().n_cols == x.n_cols);
}

BOOST_AUTO_TEST_CASE(a_text_is_as_large_as_its_lines) {
  const auto lines = [](std::string_view text) {
    Trickle source(text);
    const td::detail::TextSize size = td::detail::text_size(source);
    BOOST_TEST(size.bytes == text.size());
    return size.lines;
  };
  BOOST_TEST(lines("") == 0U);
  BOOST_TEST(lines("\n\r\n\n") == 0U);
  BOOST_TEST(lines("a") == 1U);
  BOOST_TEST(lines("a\n") == 1U);
  BOOST_TEST(lines("a\r\nb") == 2U);
  BOOST_TEST(lines("a\n\nb\r\n\n\r\n") == 3U);  // the empty one between is an error, not an end
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "1\n";
  BOOST_TEST(lines(many) == 1000U);
  td::detail::MemorySource whole(many);
  BOOST_TEST(td::detail::text_size(whole).lines == 1000U);
}

BOOST_AUTO_TEST_CASE(what_is_expected_changes_nothing) {
  const td::CsvData wanted = test::csv(varied, varied_options);
  for (const td::Index lines : {0U, 1U, 2U, 5U, 6U, 7U, 100U}) {
    for (const std::uint64_t bytes : {std::uint64_t{0}, std::uint64_t{10}, std::uint64_t{varied.size()}}) {
      td::detail::MemorySource source(varied);
      require_same(td::detail::parse_csv(source, "t.csv", varied_options, td::detail::CsvReader::usual_block,
                                         {.bytes = bytes, .lines = lines}),
                   wanted);
    }
  }
}

// Lines of a single byte in a file whose first one has many fields: memory is asked for by its bytes.
BOOST_AUTO_TEST_CASE(lines_that_are_no_rows_take_no_memory) {
  const std::string text = std::string(99'999, ',') + std::string(1 << 20, '\n') + "x";
  const test::File file(text);
  BOOST_TEST(
      test::contains(test::complaint<td::FileError>([&] { td::read_csv(file.path(), {.header = false}); }),
                     "an empty field"));
  BOOST_TEST(test::contains(test::complaint<td::FileError>([&] {
                              td::read_csv(file.path(), {.header = false, .missing = td::Missing::value});
                            }),
                            "an empty line"));
}

// Also that the number of features does not matter to how samples are gathered.
BOOST_AUTO_TEST_CASE(tables_of_many_columns) {
  for (const td::Index columns : {1U, 3U, 1000U, 40'000U}) {
    std::string text;
    for (td::Index row = 0; row < 20; ++row) {
      for (td::Index c = 0; c < columns; ++c) {
        text += std::to_string(row * columns + c) + (c + 1 < columns ? ',' : '\n');
      }
    }
    td::Matrix<double> wanted(columns, 20);
    for (td::Index i = 0; i < wanted.n_elem; ++i) wanted(i) = static_cast<double>(i);
    BOOST_TEST(same(test::csv(text, {.header = false}).data.x<double>(), wanted), columns << " columns");
  }
}

BOOST_AUTO_TEST_CASE(a_table_cut_off_anywhere_is_read_or_refused) {
  int refused = 0;
  test::Evidence evidence(test::Promise::files, "a CSV file, cut at every byte, in blocks of 1, 5 and 1000");
  for (std::size_t size = 0; size < varied.size(); ++size) {
    const std::string_view part = std::string_view(varied).substr(0, size);
    for (const std::size_t block : {1U, 5U, 1000U}) {
      try {
        BOOST_TEST(test::csv(part, varied_options, block).data.size() <= 4U);
      } catch (const td::Error& error) {
        BOOST_TEST(test::contains(error.what(), "t.csv:"));
        ++refused;
      }
      evidence.tried();
    }
  }
  BOOST_TEST(refused > 100);
  evidence.outcome(std::to_string(refused) + " refused, the others are tables as well");
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
