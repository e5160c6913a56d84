// Tables out of compressed files and streams.

#include <boost/test/unit_test.hpp>
#include <sstream>
#include <stdexcept>
#include <string>

#include "io/gzip_bytes.hpp"
#include "io/support.hpp"
#include "tapedeck/io/csv.hpp"

namespace td = tapedeck;
using test::gzip;
using test::same;

BOOST_AUTO_TEST_SUITE(io)
BOOST_AUTO_TEST_SUITE(csv_sources)

namespace {

const std::string small = "a,b\n1,x\n2,y\n3,x\n";
const td::CsvOptions with_text{.text_features = true};
const td::Matrix<double> small_x{{1, 2, 3}, {1, 0, 1}, {0, 1, 0}};

td::CsvData from_stream(const std::string& text, const td::CsvOptions& options = with_text) {
  std::istringstream in(text);
  return td::read_csv(in, "stdin", options);
}

std::string stream_error(const std::string& text, const td::CsvOptions& options = with_text) {
  return test::complaint<td::FileError>([&] { from_stream(text, options); });
}

// Fails after a few bytes.
class Broken final : public std::streambuf {
 protected:
  int_type underflow() override {
    if (begun_) throw std::runtime_error("broken");
    begun_ = true;
    setg(bytes_, bytes_, bytes_ + sizeof bytes_);
    return traits_type::to_int_type(bytes_[0]);
  }

 private:
  char bytes_[4] = {'a', '\n', '1', '\n'};
  bool begun_ = false;
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_file_may_be_compressed) {
  const test::File file(gzip(small));
  BOOST_TEST(same(td::read_csv(file.path(), with_text).data.x<double>(), small_x));
  const test::File members(gzip(small.substr(0, 7)) + gzip("") + gzip(small.substr(7)));
  BOOST_TEST(same(td::read_csv(members.path(), with_text).data.x<double>(), small_x));
}

BOOST_AUTO_TEST_CASE(compressed_text_has_the_same_errors) {
  const test::File file(gzip(small));
  BOOST_TEST(test::complaint<td::FileError>([&] { td::read_csv(file.path()); }) ==
             file.path() + ":2:3: \"x\" in column \"b\"; expected a number");
  const test::File empty(gzip(""));
  BOOST_TEST(test::complaint<td::FileError>([&] { td::read_csv(empty.path()); }) ==
             empty.path() + ":1:1: the file is empty; expected a header and at least 1 row");
}

BOOST_AUTO_TEST_CASE(compressed_text_that_is_cut_off_or_damaged_is_refused) {
  std::string bytes = gzip(small);
  for (std::size_t size = 2; size < bytes.size(); ++size) {
    BOOST_TEST(stream_error(bytes.substr(0, size)) ==
               "stdin: compressed data that are cut off; expected all of a gzip file");
  }
  for (std::size_t byte = 10; byte < bytes.size(); ++byte) {  // behind a header with bits that mean nothing
    std::string damaged = bytes;
    damaged[byte] = static_cast<char>(damaged[byte] ^ 1);
    BOOST_TEST(stream_error(damaged).starts_with("stdin: "), "byte " << byte);
  }
  BOOST_TEST(stream_error(bytes + "x").starts_with("stdin: "));
}

BOOST_AUTO_TEST_CASE(a_stream_reads_like_its_text) {
  BOOST_TEST(same(from_stream(small).data.x<double>(), small_x));
  BOOST_TEST(same(from_stream(gzip(small)).data.x<double>(), small_x));
  BOOST_TEST(stream_error(small, {}) == "stdin:2:3: \"x\" in column \"b\"; expected a number");
  BOOST_TEST(stream_error("") == "stdin:1:1: the file is empty; expected a header and at least 1 row");
  std::istringstream second("what is taken already\n" + small);
  std::string line;
  std::getline(second, line);
  BOOST_TEST(same(td::read_csv(second, "stdin", with_text).data.x<double>(), small_x));
}

// One of a block's size exactly, and those next to it.
BOOST_AUTO_TEST_CASE(a_stream_may_be_of_any_length) {
  for (const std::size_t rows :
       {(std::size_t{1} << 19U) - 1, std::size_t{1} << 19U, std::size_t{1'200'000}}) {
    std::string text;
    text.reserve(2 * rows);
    for (std::size_t i = 0; i < rows; ++i) text += {static_cast<char>('0' + i % 10), '\n'};
    const td::CsvData table = from_stream(text, {.header = false});
    BOOST_TEST(table.data.size() == rows);
    const auto& x = table.data.x<double>();
    long wrong = 0;
    for (std::size_t i = 0; i < rows; ++i) wrong += x.at(0, i) == static_cast<double>(i % 10) ? 0 : 1;
    BOOST_TEST(wrong == 0);
  }
}

BOOST_AUTO_TEST_CASE(a_stream_that_cannot_be_read_is_refused) {
  const std::string refusal = "in: the stream cannot be read; expected all of its bytes";
  Broken buffer;
  std::istream broken(&buffer);
  BOOST_TEST(test::complaint<td::FileError>([&] { td::read_csv(broken, "in"); }) == refusal);
  std::istringstream failed("a\n1\n");
  failed.setstate(std::ios::failbit);
  BOOST_TEST(test::complaint<td::FileError>([&] { td::read_csv(failed, "in"); }) == refusal);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
