#include "tapedeck/io/idx.hpp"

#include <bit>
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "io/gzip_bytes.hpp"
#include "io/support.hpp"
#include "support/evidence.hpp"

namespace td = tapedeck;
using test::gzip;
using test::idx;
using test::same;
using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(io)

namespace {

template <class T>
std::string big_endian(T value) {
  std::string bytes(reinterpret_cast<const char*>(&value), sizeof value);
  return {bytes.rbegin(), bytes.rend()};
}

std::string header(std::uint8_t type, const std::vector<std::uint32_t>& dimensions) {
  std::string bytes{'\0', '\0', static_cast<char>(type), static_cast<char>(dimensions.size())};
  for (const std::uint32_t dimension : dimensions) bytes += big_endian(dimension);
  return bytes;
}

const std::string images = header(0x08, {3, 2, 2}) + "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\xfe\xff"s;
const td::Matrix<std::uint8_t> pixels{{1, 5, 9}, {2, 6, 10}, {3, 7, 254}, {4, 8, 255}};
const std::string labels = header(0x08, {3}) + "\x02\x00\x01"s;

std::string idx_error(std::string_view bytes) {
  return test::complaint<td::FileError>([&] { idx(bytes); });
}

td::Dataset pair(const std::string& x, const std::string& y, const td::IdxOptions& options = {}) {
  td::detail::MemorySource image_source(x);
  td::detail::MemorySource label_source(y);
  td::detail::IdxReader image_reader(image_source, x.size(), "x.idx");
  td::detail::IdxReader label_reader(label_source, y.size(), "y.idx");
  return td::detail::idx_dataset(image_reader, label_reader, options);
}

template <class E = td::FileError>
std::string pair_error(const std::string& x, const std::string& y, const td::IdxOptions& options = {}) {
  return test::complaint<E>([&] { pair(x, y, options); });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(idx)

BOOST_AUTO_TEST_CASE(one_sample_is_one_column_last_dimension_fastest) {
  const td::IdxTensor tensor = test::idx(images);
  BOOST_TEST(tensor.dimensions == (std::vector<td::Index>{3, 2, 2}), boost::test_tools::per_element());
  BOOST_TEST(same(std::get<td::Matrix<std::uint8_t>>(tensor.values), pixels));
}

BOOST_AUTO_TEST_CASE(one_dimension_is_one_row) {
  const td::IdxTensor tensor = test::idx(labels);
  BOOST_TEST(same(std::get<td::Matrix<std::uint8_t>>(tensor.values), td::Matrix<std::uint8_t>{{2, 0, 1}}));
}

BOOST_AUTO_TEST_CASE(every_type_of_element) {
  const auto holds = []<class File, class T>(std::uint8_t type, std::vector<File> values,
                                             td::Matrix<T> wanted) {
    std::string bytes = header(type, {static_cast<std::uint32_t>(values.size())});
    for (const File value : values) bytes += big_endian(value);
    return same(std::get<td::Matrix<T>>(test::idx(bytes).values), wanted);
  };
  BOOST_TEST(holds(0x08, std::vector<std::uint8_t>{0, 128, 255}, td::Matrix<std::uint8_t>{{0, 128, 255}}));
  BOOST_TEST(holds(0x09, std::vector<std::int8_t>{-128, -1, 127}, td::Matrix<std::int16_t>{{-128, -1, 127}}));
  BOOST_TEST(holds(0x0b, std::vector<std::int16_t>{-32768, 258}, td::Matrix<std::int16_t>{{-32768, 258}}));
  BOOST_TEST(
      holds(0x0c, std::vector<std::int32_t>{-70000, 16909060}, td::Matrix<std::int32_t>{{-70000, 16909060}}));
  BOOST_TEST(holds(0x0d, std::vector<float>{-1.5F, 1e-40F}, td::Matrix<float>{{-1.5F, 1e-40F}}));
  BOOST_TEST(holds(0x0e, std::vector<double>{0.1, -1e300}, td::Matrix<double>{{0.1, -1e300}}));
}

BOOST_AUTO_TEST_CASE(compressed_files_are_known_by_their_first_bytes) {
  const test::File file(gzip(images));
  BOOST_TEST(same(std::get<td::Matrix<std::uint8_t>>(td::read_idx(file.path()).values), pixels));
  const std::string members =
      gzip(images.substr(0, 3)) + gzip(images.substr(3, 15)) + gzip("") + gzip(images.substr(18));
  BOOST_TEST(same(std::get<td::Matrix<std::uint8_t>>(test::idx(members).values), pixels));
}

BOOST_AUTO_TEST_CASE(a_file_may_be_longer_than_a_block) {
  td::Matrix<std::uint8_t> large(1000, 300);
  for (td::Index i = 0; i < large.n_elem; ++i) large(i) = static_cast<std::uint8_t>(i * i >> 3U);
  const std::string bytes = header(0x08, {300, 10, 100}) + std::string(large.begin(), large.end());
  BOOST_TEST(same(std::get<td::Matrix<std::uint8_t>>(test::idx(bytes).values), large));
  BOOST_TEST(same(std::get<td::Matrix<std::uint8_t>>(test::idx(gzip(bytes)).values), large));
}

BOOST_AUTO_TEST_CASE(images_and_labels_are_a_dataset) {
  const test::File x(images);
  const test::File y(gzip(labels));
  const td::Dataset data = td::read_idx(x.path(), y.path());
  BOOST_TEST(same(data.x<float>(), arma::conv_to<td::Matrix<float>>::from(pixels)));
  BOOST_TEST(same(data.labels(), td::IndexMatrix{{2, 0, 1}}));
  const td::Dataset scaled =
      td::read_idx(x.path(), y.path(), {.scale = 1.0 / 255, .scalar = td::f64, .classes = 3});
  BOOST_TEST(same(scaled.x<double>(),
                  td::Matrix<double>(arma::conv_to<td::Matrix<double>>::from(pixels) * (1.0 / 255))));
}

// --- What is refused

BOOST_AUTO_TEST_CASE(hostile_files_are_refused_in_a_sentence) {
  const std::string z = gzip(images);
  std::string wrong_sum = z;
  wrong_sum[z.size() - 8] = static_cast<char>(~wrong_sum[z.size() - 8]);
  std::string wrong_block = z;
  wrong_block[10] = '\x07';
  const std::vector<std::pair<std::string, std::string>> hostile = {
      {"", "t.idx: a header of 0 bytes; expected 4, and 4 for each dimension"},
      {"\0\0\x08"s, "t.idx: a header of 3 bytes; expected 4, and 4 for each dimension"},
      {"\0\0\x08\x02\0\0"s, "t.idx: a header of 6 bytes; expected 12 for its dimensions"},
      {"PK\3\4....",
       "t.idx: it begins 50 4b 03 04; expected 00 00, a type and the number of dimensions, or a gzip file"},
      {"\0\1\x08\1...."s,
       "t.idx: it begins 00 01 08 01; expected 00 00, a type and the number of dimensions, or a gzip file"},
      {header(0x0a, {1}) + "x", "t.idx: elements of type 0a; expected 08, 09, 0b, 0c, 0d or 0e"},
      {header(0xff, {1}) + "x", "t.idx: elements of type ff; expected 08, 09, 0b, 0c, 0d or 0e"},
      {header(0x08, {}) + "x", "t.idx: 0 dimensions; expected 1 to 4"},
      {header(0x08, {1, 1, 1, 1, 1}) + "x", "t.idx: 5 dimensions; expected 1 to 4"},
      {"\0\0\x08\xff"s, "t.idx: 255 dimensions; expected 1 to 4"},
      {header(0x08, {3, 0, 2}), "t.idx: 3x0x2 elements of 1 byte; expected at least 1 in every dimension"},
      {header(0x08, {4294967295U, 4294967295U, 0}),
       "t.idx: 4294967295x4294967295x0 elements of 1 byte; expected at least 1 in every dimension"},
      {header(0x0e, {4294967295U, 4294967295U, 4294967295U, 4294967295U}),
       "t.idx: 4294967295x4294967295x4294967295x4294967295 elements of 8 bytes; expected at most 2^44 "
       "elements"},
      {header(0x0e, {65536, 65536, 65536, 65536}),
       "t.idx: 65536x65536x65536x65536 elements of 8 bytes; expected at most 2^44 elements"},
      {header(0x08, {4294967295U}) + "x",
       "t.idx: 9 bytes; expected 4294967303 for its header and 4294967295 elements of 1 byte"},
      {images + "x", "t.idx: 29 bytes; expected 28 for its header and 3x2x2 elements of 1 byte"},
      {images.substr(0, 27), "t.idx: 27 bytes; expected 28 for its header and 3x2x2 elements of 1 byte"},
      {header(0x0b, {2}) + "abc", "t.idx: 11 bytes; expected 12 for its header and 2 elements of 2 bytes"},
      {gzip(header(0x08, {4000000000U}) + "x"),
       "t.idx: a gzip file of 29 bytes; expected more, for 4000000000 elements of 1 byte"},
      {gzip(images + "x"),
       "t.idx: bytes behind the last value; expected the end, after 3x2x2 elements of 1 byte"},
      {gzip(images) + gzip("x"),
       "t.idx: bytes behind the last value; expected the end, after 3x2x2 elements of 1 byte"},
      {gzip(images.substr(0, 25)), "t.idx: values of 9 bytes; expected 3x2x2 elements of 1 byte"},
      {gzip(""), "t.idx: a header of 0 bytes; expected 4, and 4 for each dimension"},
      {gzip("PK\3\4"),
       "t.idx: it begins 50 4b 03 04; expected 00 00, a type and the number of dimensions, or a gzip file"},
      {gzip(gzip(images)),
       "t.idx: it begins 1f 8b 08 00; expected 00 00, a type and the number of dimensions, or a gzip file"},
      {z.substr(0, z.size() - 1), "t.idx: compressed data that are cut off; expected all of a gzip file"},
      {z.substr(0, 12), "t.idx: compressed data that are cut off; expected all of a gzip file"},
      {"\x1f\x8b", "t.idx: compressed data that are cut off; expected all of a gzip file"},
      {wrong_sum, "t.idx: damaged data: incorrect data check; expected a whole gzip file"},
      {wrong_block, "t.idx: damaged data: invalid block type; expected a whole gzip file"},
      {"\x1f\x8b\x01" + z.substr(3),
       "t.idx: damaged data: unknown compression method; expected a whole gzip file"},
      {z + "tail", "t.idx: damaged data: incorrect header check; expected a whole gzip file"},
  };
  test::Evidence evidence(test::Promise::files, "IDX files made by hand, plain and gzip");
  evidence.outcome("all refused, each with its own sentence");
  for (const auto& [bytes, complaint] : hostile) {
    BOOST_TEST(idx_error(bytes) == complaint);
    evidence.tried();
  }
}

BOOST_AUTO_TEST_CASE(a_file_cut_off_anywhere_is_refused) {
  test::Evidence evidence(test::Promise::files, "an IDX file, plain and gzip, cut at every byte");
  evidence.outcome("all refused");
  for (const std::string& whole : {images, gzip(images)}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      BOOST_CHECK_THROW(test::idx(whole.substr(0, size)), td::FileError);
      evidence.tried();
    }
  }
}

BOOST_AUTO_TEST_CASE(a_flipped_bit_never_changes_what_is_compressed) {
  const std::string z = gzip(images);
  int refused = 0;
  test::Evidence evidence(test::Promise::files, "an IDX file in gzip, each bit flipped");
  for (std::size_t bit = 0; bit < 8 * z.size(); ++bit) {
    std::string flipped = z;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    try {
      BOOST_TEST(same(std::get<td::Matrix<std::uint8_t>>(test::idx(flipped).values), pixels));
    } catch (const td::FileError&) {
      ++refused;
    }
    evidence.tried();
  }
  BOOST_TEST(refused > 200);
  evidence.outcome(std::to_string(refused) + " refused, the others hold the same images");
}

BOOST_AUTO_TEST_CASE(labels_must_fit_their_images) {
  BOOST_TEST(pair_error(images, header(0x08, {2}) + "\1\1") ==
             "y.idx: 2 labels; expected 3, as many as images in x.idx");
  BOOST_TEST(pair_error(images, images) == "y.idx: labels of 3 dimensions; expected 1");
  BOOST_TEST(pair_error(images, header(0x0d, {3}) + std::string(12, '\0')) ==
             "y.idx: labels that are not integers; expected a file of integers");
  BOOST_TEST(
      pair_error<td::LabelError>(images, labels, {.classes = 2}) ==
      "y.idx: label 2 of sample 0; expected less than 2, the number of classes (labels are counted from 0)");
  BOOST_TEST(pair_error<td::LabelError>(images, header(0x09, {3}) + "\1\1\xff") ==
             "y.idx: label -1 of sample 2; expected at least 0");
  BOOST_TEST(same(pair(images, header(0x0c, {3}) + "\0\0\0\7\0\0\0\0\0\1\0\0"s).labels(),
                  td::IndexMatrix{{7, 0, 65536}}));
}

BOOST_AUTO_TEST_CASE(the_scale_is_finite) {
  BOOST_TEST(test::complaint<td::OptionError>([] {
               td::read_idx("x", "y", {.scale = std::bit_cast<double>(~0ULL >> 1U)});
             }) == "read_idx: scale = nan; expected a finite number");
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
