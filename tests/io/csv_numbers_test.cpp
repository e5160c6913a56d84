#include <bit>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "io/number.hpp"
#include "io/support.hpp"

namespace td = tapedeck;
using test::csv;
using test::same;

BOOST_AUTO_TEST_SUITE(io)
BOOST_AUTO_TEST_SUITE(csv)

namespace {

// Any bits that are a finite double.
std::vector<double> random_doubles(std::size_t count) {
  std::vector<double> numbers;
  std::mt19937_64 random(7);
  while (numbers.size() < count) {
    const double x = std::bit_cast<double>(random());
    if (std::isfinite(x)) numbers.push_back(x);
  }
  return numbers;
}

std::string printed(double x, int digits) {
  char text[40];
  std::snprintf(text, sizeof text, "%.*g", digits, x);
  return text;
}

std::string table_of(const std::vector<double>& numbers, int digits) {
  std::string text;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    text += printed(numbers[i], digits) + (i % 4 == 3 ? "\n" : ",");
  }
  return text;
}

}  // namespace

BOOST_AUTO_TEST_CASE(doubles_come_back_bit_for_bit) {
  std::vector<double> numbers = random_doubles(100'000);
  const td::Matrix<double> x = test::csv(table_of(numbers, 17), {.header = false}).data.x<double>();
  BOOST_TEST(same(x, td::Matrix<double>(numbers.data(), 4, 25'000)));
}

// What few digits and small exponents take is a way of its own.
BOOST_AUTO_TEST_CASE(short_numbers_are_rounded_exactly) {
  std::mt19937_64 random(8);
  int wrong = 0;
  for (int i = 0; i < 200'000; ++i) {
    const int digits = 1 + static_cast<int>(random() % 20);
    std::string text = (random() & 1U) != 0 ? "-" : "";
    for (int d = 0; d < digits; ++d) text += static_cast<char>('0' + random() % 10);
    text.insert(text.size() - random() % static_cast<unsigned>(digits), ".");
    if ((random() & 1U) != 0) text += "e" + std::to_string(static_cast<int>(random() % 61) - 30);
    double x = 0;
    const std::string wide = text + std::string(1 + td::detail::decimal_window, '\0');
    const char* const end = td::detail::read_decimal(wide.c_str(), x);
    const double wanted = std::strtod(text.c_str(), nullptr);
    if (end != wide.c_str() + text.size() ||
        std::bit_cast<std::uint64_t>(x) != std::bit_cast<std::uint64_t>(wanted)) {
      if (++wrong <= 5) BOOST_ERROR(text);
    }
  }
  BOOST_TEST(wrong == 0);
}

// The windows of 8 and 16 bytes know all forms that end within them, and none beyond: each number of digits,
// each place of the point, and whatever may stand behind.
BOOST_AUTO_TEST_CASE(windows_read_what_strtod_reads) {
  std::mt19937_64 random(9);
  const auto check = [&](const std::string& number, const std::string& tail) {
    std::string text = number + tail;
    text.resize(text.size() + td::detail::decimal_window, '7');
    double x = 0;
    const char* const end = td::detail::short_decimal(text.c_str(), x);
    const std::size_t size = number.size() - (number[0] == '-' ? 1 : 0);
    const bool known = size <= 15 && number.find_first_of("0123456789") != std::string::npos &&
                       tail[0] != 'e' && tail[0] != 'E';
    BOOST_TEST((end != nullptr) == known, text);
    if (end == nullptr) return;
    const double wanted = std::strtod(number.c_str(), nullptr);
    BOOST_TEST(end - text.c_str() == static_cast<std::ptrdiff_t>(number.size()), text);
    BOOST_TEST(std::bit_cast<std::uint64_t>(x) == std::bit_cast<std::uint64_t>(wanted), text);
  };
  for (int digits = 0; digits <= 18; ++digits) {
    for (int point = -1; point <= digits; ++point) {
      for (const std::string tail :
           {",", "\n", "\r\n", "e5,", "E-3,", ".5,", "x,", "-1,", "\xb0,", "\xff,", ":", "/"}) {
        for (int i = 0; i < 4; ++i) {
          std::string number;
          for (int d = 0; d < digits; ++d) number += static_cast<char>('0' + random() % 10);
          if (point >= 0) number.insert(static_cast<std::size_t>(point), ".");
          if (i % 2 == 1) number.insert(0, "-");
          if ((point < 0 && tail[0] == '.') || (number.empty() && tail[0] == '-')) continue;  // they go on
          check(number, tail);
        }
      }
    }
  }
}

// Quotients of all sizes of both, and those that lie on the middle between two doubles or next to it.
BOOST_AUTO_TEST_CASE(quotients_by_powers_of_ten_are_rounded_exactly) {
  std::mt19937_64 random(10);
  int wrong = 0;
  const auto check = [&](std::uint64_t digits, int power) {
    const std::string text = std::to_string(digits) + "e-" + std::to_string(power);
    const double x = td::detail::rounded_quotient(digits, power);
    const double wanted = std::strtod(text.c_str(), nullptr);
    if (x != wanted && ++wrong <= 5) BOOST_ERROR(text);
  };
  for (int power = 0; power <= 27; ++power) {
    for (int i = 0; i < 5'000; ++i) check((random() >> (random() % 64)) | 1U, power);
    for (const std::uint64_t digits :
         {std::uint64_t{1}, std::uint64_t{5}, ~std::uint64_t{0}, ~std::uint64_t{0} >> 1U})
      check(digits, power);
  }
  for (int i = 0; i < 5'000; ++i) {
    const std::uint64_t middle =
        (std::uint64_t{1} << 53U) + 2 * (random() >> 12U) + 1;  // between two doubles
    for (const std::uint64_t near : {10 * middle - 1, 10 * middle, 10 * middle + 1}) {
      check(near, 1);
      check(10 * near, 2);
      check(near / 2, 1);  // a bit less
    }
  }
  BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(numbers_at_the_limits) {
  const std::vector<std::string> texts = {"9007199254740992",
                                          "9007199254740993",
                                          "9007199254740995",
                                          "9999999999999999999",
                                          "18446744073709551616",
                                          "1e22",
                                          "1e23",
                                          "9007199254740991e22",
                                          "9007199254740993e-22",
                                          "123456789012345678901234567890",
                                          "9007199254740993.0",
                                          "9007199254740995.0",
                                          "4503599627370497.5",
                                          "0.1",
                                          "0.30000000000000004",
                                          "4.9406564584124654e-324",
                                          "2.2250738585072011e-308",
                                          "1.7976931348623157e308",
                                          "-0",
                                          "-0.0",
                                          "0e999",
                                          "0.000000000000000000000000001",
                                          "1e00000000000000000005",
                                          "00000000000000000000000012"};
  for (const std::string& text : texts) {
    const double x = test::csv(text, {.header = false}).data.x<double>()(0, 0);
    const double inside = test::csv(text + ",1\n", {.header = false}).data.x<double>()(0, 0);
    const double wanted = std::strtod(text.c_str(), nullptr);
    BOOST_TEST(std::bit_cast<std::uint64_t>(x) == std::bit_cast<std::uint64_t>(wanted), text);
    BOOST_TEST(std::bit_cast<std::uint64_t>(inside) == std::bit_cast<std::uint64_t>(wanted), text);
  }
}

BOOST_AUTO_TEST_CASE(a_number_keeps_what_it_was_given_if_the_text_is_none) {
  double x = 7;
  BOOST_TEST((td::detail::parse_number("1.5xyz", x) == td::detail::Number::none));
  BOOST_TEST((td::detail::parse_number("1e999", x) == td::detail::Number::out_of_range));
  BOOST_TEST(x == 7.0);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
