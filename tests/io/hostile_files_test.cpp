// Files that somebody made to do harm, or that were never what their name says: each is refused, with a
// sentence that says what is wrong with it.

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "io/state_files.hpp"
#include "io/utf8.hpp"
#include "support/complaint.hpp"
#include "support/evidence.hpp"
#include "tapedeck/core/error.hpp"

namespace td = tapedeck;
using namespace test;

BOOST_AUTO_TEST_SUITE(io)
BOOST_AUTO_TEST_SUITE(safetensors)

namespace {

struct Hostile {
  std::string bytes;
  std::string sentence;  // after "f: "
};

const std::string eight(8, 'e');

// A header of one tensor "t" with these members, and 8 bytes of elements.
std::string one(const std::string& members) { return test::safetensors(R"({"t":{)" + members + "}}", eight); }
std::string shaped(const std::string& shape, const std::string& dtype = "F32") {
  return one(R"("dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":[0,8])");
}
std::string at_offsets(const std::string& offsets) {
  return one(R"("dtype":"F32","shape":[2],"data_offsets":)" + offsets);
}
// Tensors "a" and "b" of one float each.
std::string two(const std::string& offsets_a, const std::string& offsets_b, const std::string& b = "b") {
  const std::string start = R"(:{"dtype":"F32","shape":[1],"data_offsets":)";
  return test::safetensors(R"({"a")" + start + offsets_a + "},\"" + b + '"' + start + offsets_b + "}}",
                           eight);
}
std::string metadata(const std::string& json) {
  return test::safetensors(R"({"__metadata__":)" + json + "}");
}
std::string named(const std::string& name) {
  return test::safetensors("{\"" + name + R"(":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", eight);
}
std::string good = shaped("[2]");

std::vector<Hostile> sizes() {
  return {
      {"", "it has 0 bytes; expected 8 at least, the size of the header"},
      {"\x10", "it has 1 bytes; expected 8 at least, the size of the header"},
      {std::string(7, '\0'), "it has 7 bytes; expected 8 at least, the size of the header"},
      {std::string(8, '\0'), "the header is empty; expected \"{\""},
      {std::string(8, '\xff'),
       "a header of 18446744073709551615 bytes; expected 100000000 at most (is it a safetensors file?)"},
      {eight_bytes(100'000'001) + "{}",
       "a header of 100000001 bytes; expected 100000000 at most (is it a safetensors file?)"},
      {eight_bytes(std::uint64_t{1} << 63U) + "{}",
       "a header of 9223372036854775808 bytes; expected 100000000 at most (is it a safetensors file?)"},
      {eight_bytes(100'000'000) + "{}",
       "it ends within its header, at byte 10; expected 100000008 bytes or more"},
      {eight_bytes(3) + "{}", "it ends within its header, at byte 10; expected 11 bytes or more"},
      {"\x89PNG\r\n\x1a\n....",
       "a header of 727905341920923785 bytes; expected 100000000 at most (is it a safetensors file?)"},
      {good.substr(0, good.size() - 1), "the tensors take 8 bytes; expected 7, all that follow the header"},
      {good + "x", "the tensors take 8 bytes; expected 9, all that follow the header"},
      {test::safetensors("{}", "x"), "the tensors take 0 bytes; expected 1, all that follow the header"},
  };
}

std::vector<Hostile> texts() {
  const std::string zero(1, '\0');
  return {
      {test::safetensors("{\"\xff\"}"), "the header is not UTF-8 at its byte 2; expected JSON in UTF-8"},
      {test::safetensors("{\"\xc0\xaf\"}"), "the header is not UTF-8 at its byte 2; expected JSON in UTF-8"},
      {test::safetensors("{\"\xed\xa0\x80\"}"),
       "the header is not UTF-8 at its byte 2; expected JSON in UTF-8"},
      {test::safetensors("{\"\xf4\x90\x80\x80\"}"),
       "the header is not UTF-8 at its byte 2; expected JSON in UTF-8"},
      {test::safetensors("{}\xe2\x82"), "the header is not UTF-8 at its byte 2; expected JSON in UTF-8"},
      {test::safetensors("\xef\xbb\xbf{}"), "the header begins with \"\\xef\"; expected \"{\""},
      {test::safetensors(" {}"), "the header begins with \" \"; expected \"{\""},
      {test::safetensors("[]"), "the header begins with \"[\"; expected \"{\""},
      {test::safetensors("{}" + zero),
       "the header has a zero byte, its byte 2; expected JSON, and blanks behind it"},
      {test::safetensors("{" + zero + "}"),
       "the header has a zero byte, its byte 1; expected JSON, and blanks behind it"},
      {test::safetensors("{"), "the header is not JSON at its byte 1; expected JSON, and blanks behind it"},
      {test::safetensors("{}}"), "the header is not JSON at its byte 2; expected JSON, and blanks behind it"},
      {test::safetensors("{} {}"),
       "the header is not JSON at its byte 3; expected JSON, and blanks behind it"},
      {test::safetensors("{}x"), "the header is not JSON at its byte 2; expected JSON, and blanks behind it"},
      {test::safetensors("{,}"), "the header is not JSON at its byte 1; expected JSON, and blanks behind it"},
      {test::safetensors("{/**/}"),
       "the header is not JSON at its byte 1; expected JSON, and blanks behind it"},
      {test::safetensors("{'a':1}"),
       "the header is not JSON at its byte 1; expected JSON, and blanks behind it"},
      {test::safetensors("{\"a\nb\":1}"),
       "the header is not JSON at its byte 3; expected JSON, and blanks behind it"},
      {test::safetensors("{\"\\ud800\":1}"),
       "the header is not JSON at its byte 8; expected JSON, and blanks behind it"},
      {test::safetensors("{\"\\x41\":1}"),
       "the header is not JSON at its byte 3; expected JSON, and blanks behind it"},
      {shaped("[2,]"), "the header is not JSON at its byte 31; expected JSON, and blanks behind it"},
      {shaped("[02]"), "the header is not JSON at its byte 30; expected JSON, and blanks behind it"},
      {shaped("[NaN]"), "the header is not JSON at its byte 29; expected JSON, and blanks behind it"},
      {shaped("[0x2]"), "the header is not JSON at its byte 30; expected JSON, and blanks behind it"},
      {shaped("[1e999]"), "a number in the header is too large; expected whole numbers of 64 bits"},
  };
}

std::vector<Hostile> names() {
  const std::string bytes = "; expected 1 to 512 bytes, none of them zero";
  return {
      {named(""), "the name \"\" of a tensor" + bytes},
      {named(std::string(513, 'n')), "the name \"" + std::string(100, 'n') + "...\" of a tensor" + bytes},
      {named("a\\u0000b"), "the name \"a\\x00b\" of a tensor" + bytes},
      {two("[0,4]", "[4,8]", "a"), "tensor \"a\" is there twice; expected each name once"},
      {two("[0,4]", "[4,8]", "\\u0061"), "tensor \"a\" is there twice; expected each name once"},
      {metadata(R"({},"__metadata__":{})"), "the metadata is there twice; expected it once"},
      {metadata(R"({"a":"1","a":"2"})"), "the metadata \"a\" is there twice; expected each name once"},
      {metadata(R"({"":"1"})"), "the name \"\" of words in the metadata" + bytes},
      {metadata(R"({"\u0000":"1"})"), "the name \"\\x00\" of words in the metadata" + bytes},
      {metadata(R"({"a":"\u0000"})"), "the metadata \"a\" holds a zero byte; expected text without"},
      {metadata(R"({"a":1})"), "the metadata \"a\" is 1; expected a string"},
      {metadata(R"({"a":null})"), "the metadata \"a\" is null; expected a string"},
      {metadata(R"({"a":{"b":"c"}})"), "the metadata \"a\" is an object; expected a string"},
      {metadata(R"({"a":["c"]})"), "the metadata \"a\" is a list; expected a string"},
      {metadata("[]"), "the metadata is a list; expected an object of strings"},
      {metadata("\"text\""), "the metadata is \"text\"; expected an object of strings"},
  };
}

std::vector<Hostile> fields() {
  const std::string f32 = R"("dtype":"F32")";
  const std::string shape = R"("shape":[2])";
  const std::string offsets = R"("data_offsets":[0,8])";
  const std::string all = "; expected dtype, shape and data_offsets";
  const std::string dtypes = "; expected a type of the format, such as \"F32\"";
  return {
      {test::safetensors(R"({"t":1})"),
       "tensor \"t\" is 1; expected an object with dtype, shape and data_offsets"},
      {test::safetensors(R"({"t":[]})"),
       "tensor \"t\" is a list; expected an object with dtype, shape and data_offsets"},
      {one(shape + ',' + offsets), "tensor \"t\" has no dtype" + all},
      {one(f32 + ',' + offsets), "tensor \"t\" has no shape" + all},
      {one(f32 + ',' + shape), "tensor \"t\" has no data_offsets" + all},
      {one(""), "tensor \"t\" has no dtype" + all},
      {one(f32 + ',' + f32 + ',' + shape + ',' + offsets), "tensor \"t\" has dtype twice; expected it once"},
      {one(f32 + ',' + shape + ',' + offsets + ',' + shape),
       "tensor \"t\" has shape twice; expected it once"},
      {one(f32 + ',' + offsets + ',' + shape + ',' + offsets),
       "tensor \"t\" has data_offsets twice; expected it once"},
      {one(f32 + ',' + shape + ',' + offsets + R"(,"strides":[1])"),
       "tensor \"t\" has the field \"strides\"; expected dtype, shape and data_offsets alone"},
      {one(R"("Dtype":"F32")"),
       "tensor \"t\" has the field \"Dtype\"; expected dtype, shape and data_offsets alone"},
      {shaped("[4]", "F17"), "tensor \"t\" has the dtype \"F17\"" + dtypes},
      {shaped("[4]", "BF8"), "tensor \"t\" has the dtype \"BF8\"" + dtypes},
      {shaped("[2]", "INT32"), "tensor \"t\" has the dtype \"INT32\"" + dtypes},
      {shaped("[8]", ""), "tensor \"t\" has the dtype \"\"" + dtypes},
      {shaped("[3]", "F16"), "tensor \"t\" of F16 [3] has 8 bytes; expected 6"},
      {shaped("[3]", "F4"), "tensor \"t\" of F4 [3] ends within a byte; expected whole bytes"},
      {shaped("[2]", "f32"), "tensor \"t\" has the dtype \"f32\"" + dtypes},
      {shaped("[2]", "F32\\u0000"), "tensor \"t\" has the dtype \"F32\\x00\"" + dtypes},
      {one(R"("dtype":32)"), "tensor \"t\" has the dtype 32" + dtypes},
      {one(R"("dtype":null)"), "tensor \"t\" has the dtype null" + dtypes},
      {one(R"("dtype":["F32"])"), "tensor \"t\" has the dtype a list" + dtypes},
  };
}

std::vector<Hostile> shapes() {
  const std::string whole = " in its shape; expected a whole number, 0 or more, of 64 bits";
  return {
      {shaped("2"), "tensor \"t\" has the shape 2; expected a list of sizes"},
      {shaped("{}"), "tensor \"t\" has the shape an object; expected a list of sizes"},
      {shaped("\"2\""), "tensor \"t\" has the shape \"2\"; expected a list of sizes"},
      {shaped("[-2]"), "tensor \"t\" has the size -2" + whole},
      {shaped("[-0]"), "tensor \"t\" has the size -0" + whole},
      {shaped("[2.0]"), "tensor \"t\" has the size 2.0" + whole},
      {shaped("[2e0]"), "tensor \"t\" has the size 2e0" + whole},
      {shaped("[18446744073709551616]"), "tensor \"t\" has the size 18446744073709551616" + whole},
      {shaped('[' + std::string(300, '1') + ']'),
       "tensor \"t\" has the size " + std::string(40, '1') + "..." + whole},
      {shaped("[\"2\"]"), "tensor \"t\" has the size \"2\"" + whole},
      {shaped("[true]"), "tensor \"t\" has the size true" + whole},
      {shaped("[[2]]"), "tensor \"t\" has the size a list" + whole},
      {shaped(std::string(100'000, '[')), "tensor \"t\" has the size a list" + whole},
      {shaped("[{}]"), "tensor \"t\" has the size an object" + whole},
      {shaped("[2,1,1,1,1,1,1,1,1]"), "tensor \"t\" has more than 8 dimensions; expected 8 at most"},
      {shaped("[3]"), "tensor \"t\" of F32 [3] has 8 bytes; expected 12"},
      {shaped("[2,3]", "F64"), "tensor \"t\" of F64 [2, 3] has 8 bytes; expected 48"},
      {shaped("[]"), "tensor \"t\" of F32 [] has 8 bytes; expected 4"},
      {shaped("[0]"), "tensor \"t\" of F32 [0] has 8 bytes; expected 0"},
      {shaped("[4611686018427387906]"),  // 2 more than 2^62: 8 bytes, but for a carry
       "tensor \"t\" of F32 [4611686018427387906] has more elements than can be counted; expected a size in "
       "64 bits"},
      {shaped("[4294967296,4294967296]"),
       "tensor \"t\" of F32 [4294967296, 4294967296] has more elements than can be "
       "counted; expected a size in 64 bits"},
      {shaped("[0,4294967296,4294967296]"),
       "tensor \"t\" of F32 [0, 4294967296, 4294967296] has more elements than "
       "can be counted; expected a size in 64 bits"},
      {shaped("[4294967296,4294967296,0]"),
       "tensor \"t\" of F32 [4294967296, 4294967296, 0] has more elements than "
       "can be counted; expected a size in 64 bits"},
  };
}

std::vector<Hostile> offsets() {
  const std::string whole = "; expected a whole number, 0 or more, of 64 bits";
  const std::string pair = "; expected where it begins and ends";
  const std::string before = ", where the one before it ends";
  return {
      {at_offsets("8"), "tensor \"t\" has the data_offsets 8; expected a list of two offsets"},
      {at_offsets("{}"), "tensor \"t\" has the data_offsets an object; expected a list of two offsets"},
      {at_offsets("[]"), "tensor \"t\" has 0 data_offsets" + pair},
      {at_offsets("[8]"), "tensor \"t\" has 1 data_offsets" + pair},
      {at_offsets("[0,8,8]"), "tensor \"t\" has more than two data_offsets" + pair},
      {at_offsets("[0,-8]"), "tensor \"t\" has the offset -8" + whole},
      {at_offsets("[0,8.0]"), "tensor \"t\" has the offset 8.0" + whole},
      {at_offsets("[0,18446744073709551616]"), "tensor \"t\" has the offset 18446744073709551616" + whole},
      {at_offsets("[0,[8]]"), "tensor \"t\" has the offset a list" + whole},
      {at_offsets("[0,null]"), "tensor \"t\" has the offset null" + whole},
      {at_offsets("[8,0]"),
       "tensor \"t\" ends at byte 0 of the buffer and begins at 8; expected a beginning before its end"},
      {at_offsets("[4,12]"), "tensor \"t\" begins at byte 4 of the buffer; expected 0, its first"},
      {at_offsets("[0,16]"), "tensor \"t\" of F32 [2] has 16 bytes; expected 8"},
      {at_offsets("[0,18446744073709551615]"),
       "tensor \"t\" of F32 [2] has 18446744073709551615 bytes; expected 8"},
      {two("[0,4]", "[0,4]"), "tensor \"b\" begins at byte 0 of the buffer; expected 4" + before},
      {two("[0,4]", "[2,6]"), "tensor \"b\" begins at byte 2 of the buffer; expected 4" + before},
      {two("[0,4]", "[5,9]"), "tensor \"b\" begins at byte 5 of the buffer; expected 4" + before},
      {two("[4,8]", "[4,8]"), "tensor \"a\" begins at byte 4 of the buffer; expected 0, its first"},
      {two("[0,4]", "[4,12]"), "tensor \"b\" of F32 [1] has 8 bytes; expected 4"},
      {two("[0,4]", "[4,4]"), "tensor \"b\" of F32 [1] has 0 bytes; expected 4"},
      {test::safetensors(R"({"t":{"dtype":"F32","shape":[9],"data_offsets":[0,36]}})", eight),
       "the tensors take 36 bytes; expected 8, all that follow the header"},
      {test::safetensors(
           R"({"t":{"dtype":"U8","shape":[9223372036854775807],"data_offsets":[0,9223372036854775807]}})",
           eight),
       "the tensors take 9223372036854775807 bytes; expected 8, all that follow the header"},
  };
}

std::vector<Hostile> checksums() {
  const std::string zeros(64, '0');
  const auto with = [](const std::string& digits) { return metadata(R"({"sha256":")" + digits + "\"}"); };
  const std::string wanted = "; expected 64 digits 0 to 9 and a to f";
  const std::string once =
      "the digits of its \"sha256\" are not there exactly once; expected one place that they may "
      "stand in";
  return {
      {with(""), "the \"sha256\" in its metadata is \"\"" + wanted},
      {with(zeros.substr(1)), "the \"sha256\" in its metadata is \"" + zeros.substr(1) + '"' + wanted},
      {with(zeros + '0'), "the \"sha256\" in its metadata is \"" + zeros + "0\"" + wanted},
      {with('A' + zeros.substr(1)), "the \"sha256\" in its metadata is \"A" + zeros.substr(1) + '"' + wanted},
      {with('g' + zeros.substr(1)), "the \"sha256\" in its metadata is \"g" + zeros.substr(1) + '"' + wanted},
      {with("\\u0030" + zeros.substr(1)), once},
      {metadata(R"({"sha256":")" + zeros + R"(","other":")" + zeros + "\"}"), once},
      {with(zeros),
       "its bytes have the SHA-256 37f6cab6b4d660d9748878ee7a8a75df25468b81ed6ae160d24a9df1f7cce0ce; "
       "expected " +
           zeros + ", as it says itself (the file was damaged or changed)"},
  };
}

}  // namespace

BOOST_AUTO_TEST_CASE(hostile_files_are_refused_each_with_its_sentence) {
  BOOST_TEST(complaint<td::FileError>([] { parsed(good); }) == "nothing was thrown");
  long count = 0;
  Evidence evidence(Promise::files, "safetensors files made by hand");
  evidence.outcome("all refused, each with its own sentence");
  for (const auto& files : {sizes(), texts(), names(), fields(), shapes(), offsets(), checksums()}) {
    for (const Hostile& file : files) {
      const std::string said = complaint<td::FileError>([&] { parsed(file.bytes); });
      BOOST_TEST(said == "f: " + file.sentence);
      ++count;
      evidence.tried();
    }
  }
  BOOST_TEST(count >= 60);
}

BOOST_AUTO_TEST_CASE(text_in_utf8) {
  const auto check = [](const std::string& text, std::size_t whole) {
    BOOST_TEST(td::io::utf8_prefix(text) == whole);
  };
  check("", 0);
  check("a\x7f", 2);
  check("\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf",
        24);
  for (const char* bad :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x7f", "\xc2\xc0", "\xe0\x9f\x80", "\xe0\xa0",
        "\xe0\xa0\x7f", "\xed\xa0\x80", "\xef\xbf\xc0", "\xf0\x8f\x80\x80", "\xf0\x90\x80",
        "\xf0\x90\x80\xc0", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"}) {
    check(bad, 0);
    check(std::string("ok") + bad, 2);
  }
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
