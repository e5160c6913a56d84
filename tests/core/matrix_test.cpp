#include "tapedeck/core/matrix.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>

namespace td = tapedeck;

extern "C" char* openblas_get_config();

BOOST_AUTO_TEST_SUITE(core)
BOOST_AUTO_TEST_SUITE(matrix)

using Scalars = std::tuple<float, double>;

BOOST_AUTO_TEST_CASE(products_are_openblas_own) {
  BOOST_TEST(std::string{openblas_get_config()}.starts_with("OpenBLAS "));
}

BOOST_AUTO_TEST_CASE(shapes_print_compare_and_count) {
  BOOST_TEST(td::to_string(td::Shape{3, 5}) == "3x5");
  BOOST_TEST(td::to_string(td::Shape{}) == "0x0");
  BOOST_TEST(td::to_string(td::Shape{784, 0}) == "784x0");
  BOOST_TEST((td::Shape{3, 5}.size()) == 15U);
  BOOST_TEST((td::Shape{3, 0}.size()) == 0U);
  BOOST_CHECK((td::Shape{3, 5} == td::Shape{3, 5}));
  BOOST_CHECK((td::Shape{3, 5} != td::Shape{5, 3}));
  BOOST_CHECK((td::shape_of(td::Matrix<float>(4, 2)) == td::Shape{4, 2}));
}

BOOST_AUTO_TEST_CASE(scalars_and_elements_have_sizes_and_names) {
  static_assert(td::scalar_of<float> == td::f32 && td::scalar_of<double> == td::f64);
  static_assert(td::element_of<float> == td::Element::real32 &&
                td::element_of<double> == td::Element::real64);
  static_assert(td::element_of<td::Index> == td::Element::index);
  static_assert(td::size_in_bytes(td::f32) == sizeof(float) && td::size_in_bytes(td::f64) == sizeof(double));
  static_assert(td::size_in_bytes(td::Element::real32) == sizeof(float));
  static_assert(td::size_in_bytes(td::Element::index) == sizeof(td::Index));
  BOOST_TEST(td::name_of(td::f32) == "float");
  BOOST_TEST(td::name_of(td::f64) == "double");
  BOOST_TEST(td::name_of(td::Element::index) == "index");
}

BOOST_AUTO_TEST_CASE(with_scalar_calls_with_the_type_of_the_scalar) {
  const auto size = [](auto zero) { return sizeof zero; };
  BOOST_TEST(td::with_scalar(td::f32, size) == sizeof(float));
  BOOST_TEST(td::with_scalar(td::f64, size) == sizeof(double));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_view_reads_and_writes_its_buffer_column_by_column, T, Scalars) {
  std::array<T, 6> buffer{1, 2, 3, 4, 5, 6};
  td::Matrix<T> v = td::view(buffer.data(), {2, 3});
  BOOST_TEST(v.memptr() == buffer.data());
  BOOST_TEST(v(1, 0) == T{2});
  BOOST_TEST(v(0, 2) == T{5});
  v(0, 1) = 30;
  BOOST_TEST(buffer[2] == T{30});
  buffer[5] = 60;
  BOOST_TEST(v(1, 2) == T{60});
}

BOOST_AUTO_TEST_CASE_TEMPLATE(assignments_of_the_same_shape_write_through, T, Scalars) {
  std::array<T, 4> buffer{1, 2, 3, 4};
  const td::Matrix<T> other{{10, 30}, {20, 40}};
  td::Matrix<T> v = td::view(buffer.data(), {2, 2});

  v = other;
  BOOST_TEST(buffer == (std::array<T, 4>{10, 20, 30, 40}), boost::test_tools::per_element());
  v = other * T{2};
  BOOST_TEST(buffer == (std::array<T, 4>{20, 40, 60, 80}), boost::test_tools::per_element());
  v += other;
  BOOST_TEST(buffer == (std::array<T, 4>{30, 60, 90, 120}), boost::test_tools::per_element());
  v = td::Matrix<T>(2, 2, arma::fill::ones);  // a temporary, whose memory Armadillo might have stolen
  BOOST_TEST(buffer == (std::array<T, 4>{1, 1, 1, 1}), boost::test_tools::per_element());
  v = v * other;
  BOOST_TEST(buffer == (std::array<T, 4>{30, 30, 70, 70}), boost::test_tools::per_element());
  v.zeros();
  BOOST_TEST(buffer == (std::array<T, 4>{}), boost::test_tools::per_element());
  BOOST_TEST(v.memptr() == buffer.data());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_view_cannot_be_resized_away, T, Scalars) {
  std::array<T, 4> buffer{1, 2, 3, 4};
  const td::Matrix<T> wide(2, 3, arma::fill::ones);
  td::Matrix<T> v = td::view(buffer.data(), {2, 2});

  BOOST_CHECK_THROW(v.set_size(3, 3), std::logic_error);
  BOOST_CHECK_THROW(v.resize(2, 3), std::logic_error);
  BOOST_CHECK_THROW(v.reset(), std::logic_error);
  BOOST_CHECK_THROW(v = wide, std::logic_error);
  BOOST_CHECK_THROW(v = wide * T{2}, std::logic_error);
  BOOST_CHECK_THROW(v = v * wide, std::logic_error);
  BOOST_CHECK_THROW(v = td::Matrix<T>(1, 1), std::logic_error);

  BOOST_TEST(v.memptr() == buffer.data());
  BOOST_CHECK((td::shape_of(v) == td::Shape{2, 2}));
  BOOST_TEST(buffer == (std::array<T, 4>{1, 2, 3, 4}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_copy_of_a_view_owns_its_elements, T, Scalars) {
  std::array<T, 2> buffer{1, 2};
  const td::Matrix<T> v = td::view(buffer.data(), {2, 1});
  td::Matrix<T> copy{v};
  BOOST_TEST(copy.memptr() != buffer.data());
  copy(0) = 9;
  BOOST_TEST(buffer[0] == T{1});
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_view_of_const_memory_is_const, T, Scalars) {
  const std::array<T, 3> buffer{1, 2, 3};
  static_assert(std::is_same_v<decltype(td::view(buffer.data(), {3, 1})), const td::Matrix<T>>);
  const td::Matrix<T>& v = td::view(buffer.data(), {3, 1});
  BOOST_TEST(v.memptr() == buffer.data());
  BOOST_TEST(arma::accu(v) == T{6});
}

BOOST_AUTO_TEST_CASE(views_of_nothing_keep_their_shape) {
  float nothing = 7;
  td::Matrix<float> v = td::view(&nothing, {5, 0});
  BOOST_TEST(v.n_rows == 5U);
  BOOST_TEST(v.n_cols == 0U);
  v = v * 2.0F;
  BOOST_TEST(nothing == 7.0F);
}

template <class T>
concept has_element = requires {
  td::element_of<T>;
};

BOOST_AUTO_TEST_CASE(other_elements_do_not_compile) {
  BOOST_TEST((has_element<float> && has_element<double> && has_element<td::Index>));
  BOOST_TEST((!has_element<int> && !has_element<arma::sword> && !has_element<bool> &&
              !has_element<arma::cx_double>));
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
