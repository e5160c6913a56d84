#include "tapedeck/optim/clipping.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "optim/small_problem.hpp"

using namespace optim_test;

BOOST_AUTO_TEST_SUITE(optim)
BOOST_AUTO_TEST_SUITE(clipping)

namespace {

// Six elements of 1 and four of -2.5: the norm is sqrt(31).
struct Contributed : SmallProblem {
  explicit Contributed(td::Scalar scalar = td::f64) : SmallProblem(scalar) {
    set_gradient(weight, 1);
    set_gradient(bias, -2.5);
  }
  template <class T = double>
  T gradient(td::Parameter parameter, td::Index i = 0) {
    return store.gradients().of<T>(parameter)[i];
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(norm_is_returned_and_reduced) {
  Contributed p;
  const double norm = td::clip_norm(p.store, 2);
  BOOST_TEST(std::abs(norm - std::sqrt(31)) <= 1e-15);
  const double factor = 2 / (std::sqrt(31) + 1e-6);
  BOOST_TEST(std::abs(p.gradient(p.weight) - factor) <= 1e-15);
  BOOST_TEST(std::abs(p.gradient(p.bias, 3) + 2.5 * factor) <= 1e-15);
  BOOST_TEST(std::abs(td::clip_norm(p.store, 100) - 2) <= 1e-6);
}

BOOST_AUTO_TEST_CASE(norm_in_float) {
  Contributed p(td::f32);
  BOOST_TEST(std::abs(td::clip_norm(p.store, 2) - std::sqrt(31)) <= 1e-15);
  BOOST_TEST(std::abs(static_cast<double>(p.gradient<float>(p.weight)) - 2 / std::sqrt(31)) <= 1e-6);
}

BOOST_AUTO_TEST_CASE(a_small_norm_is_left) {
  Contributed p;
  BOOST_TEST(td::clip_norm(p.store, 6) > 5);
  BOOST_TEST(p.gradient(p.weight) == 1);
  BOOST_TEST(p.gradient(p.bias) == -2.5);
}

BOOST_AUTO_TEST_CASE(zero_and_absent_gradients_have_norm_zero) {
  SmallProblem p;
  BOOST_TEST(td::clip_norm(p.store, 1) == 0);
  p.set_gradient(p.weight, 0);
  BOOST_TEST(td::clip_norm(p.store, 1e-9) == 0);
  BOOST_TEST(p.store.parameter("weight").gradient<double>()[0] == 0);
  td::clip_value(p.store, 1e-9);
  BOOST_TEST(!p.store.gradients().touched(p.bias));
}

BOOST_AUTO_TEST_CASE(only_contributions_count) {
  Contributed p;
  p.store.zero_grad();  // what is left in memory is no gradient
  p.set_gradient(p.bias, 3);
  BOOST_TEST(td::clip_norm(p.store, 100) == 6);
  td::clip_value(p.store, 2);
  BOOST_TEST(p.gradient(p.bias) == 2);
  BOOST_TEST(p.gradient(p.weight) == 0);
}

BOOST_AUTO_TEST_CASE(floats_that_overflow_when_squared) {
  SmallProblem p(td::f32);
  p.set_gradient(p.bias, 1e30);
  BOOST_TEST(std::abs(td::clip_norm(p.store, 4) / 2e30 - 1) <= 1e-6);
  BOOST_TEST(std::abs(p.store.parameter("bias").gradient<float>()[0] - 2.0F) <= 1e-5F);
}

BOOST_AUTO_TEST_CASE(doubles_that_overflow_when_squared) {
  SmallProblem p;
  p.set_gradient(p.bias, 1e200);
  BOOST_TEST(std::abs(td::clip_norm(p.store, 4) / 2e200 - 1) <= 1e-15);
  BOOST_TEST(std::abs(p.store.parameter("bias").gradient<double>()[0] - 2) <= 1e-15);
}

BOOST_AUTO_TEST_CASE(value) {
  Contributed p;
  td::clip_value(p.store, 2);
  BOOST_TEST(p.gradient(p.weight) == 1);
  BOOST_TEST(p.gradient(p.bias, 3) == -2);
  td::clip_value(p.store, 0.5);
  BOOST_TEST(p.gradient(p.weight, 5) == 0.5);
  BOOST_TEST(p.gradient(p.bias) == -0.5);
}

BOOST_AUTO_TEST_CASE(what_is_not_finite_is_refused_and_left) {
  for (const double bad : {not_a_number, infinity, -infinity}) {
    Contributed p;
    p.set_gradient(p.bias, bad);
    const auto complaint = [](const std::string& who) {
      return says({who + ": NaN or Inf in the gradient of \"bias\"", "expected finite gradients"});
    };
    BOOST_CHECK_EXCEPTION(td::clip_norm(p.store, 0.1), td::NonFiniteError, complaint("clip_norm"));
    BOOST_CHECK_EXCEPTION(td::clip_value(p.store, 0.1), td::NonFiniteError, complaint("clip_value"));
    BOOST_TEST(p.gradient(p.weight) == 1);
    BOOST_TEST((std::isnan(bad) ? std::isnan(p.gradient(p.bias)) : p.gradient(p.bias) == bad));
  }
}

BOOST_AUTO_TEST_CASE(a_norm_that_overflows_is_refused) {
  SmallProblem p;
  p.set_gradient(p.bias, 1.7e308);  // four of them: the norm is twice as large
  BOOST_CHECK_EXCEPTION(td::clip_norm(p.store, 1), td::NonFiniteError,
                        says({"clip_norm: gradients whose norm overflows"}));
  td::clip_value(p.store, 1);
  BOOST_TEST(p.store.parameter("bias").gradient<double>()[0] == 1);
}

BOOST_AUTO_TEST_CASE(bad_limits_are_refused) {
  Contributed p;
  for (const double bad : {0.0, -1.0, not_a_number, infinity}) {
    BOOST_CHECK_EXCEPTION(td::clip_norm(p.store, bad), td::OptionError,
                          says({"clip_norm: max_norm = ", "expected a finite number above 0"}));
    BOOST_CHECK_EXCEPTION(td::clip_value(p.store, bad), td::OptionError,
                          says({"clip_value: limit = ", "expected a finite number above 0"}));
  }
  BOOST_TEST(p.gradient(p.weight) == 1);
}

BOOST_AUTO_TEST_CASE(a_limit_that_is_zero_as_a_float_is_refused) {
  Contributed p(td::f32);
  BOOST_CHECK_EXCEPTION(td::clip_value(p.store, 1e-60), td::OptionError,
                        says({"clip_value: limit = 1e-60; expected a finite number above 0, as a float"}));
  BOOST_TEST(p.gradient<float>(p.weight) == 1.0F);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
