// What a store does with its numbers: copies, freezing, initial values. Its names and its memory are
// parameter_store_test.cpp's.
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <limits>
#include <new>
#include <string>
#include <tuple>

#include "param/model.hpp"
#include "param/support.hpp"
#include "support/complaint.hpp"
#include "tapedeck/ops/loss.hpp"
#include "tapedeck/tape/tape.hpp"

namespace td = tapedeck;
using test::complaint;
using test::frozen_names;
using test::Model;
using test::Names;
using test::names;
using test::ramp;
using test::same_bits;

BOOST_AUTO_TEST_SUITE(param)
BOOST_AUTO_TEST_SUITE(parameter_store_numbers)

namespace {

using Scalars = std::tuple<float, double>;

}  // namespace

// Copies.

BOOST_AUTO_TEST_CASE(a_copy_in_double_has_the_same_numbers) {
  Model m{{.seed = 3, .scalar = td::f32}};
  m.store.buffer<float>(m.mean).fill(0.1F);
  m.store.gradients().set(m.fc_1.bias(), arma::fmat(5, 1, arma::fill::ones));
  td::ParameterStore copy = m.store.copy(td::f64);
  BOOST_CHECK(copy.scalar() == td::f64);
  BOOST_TEST(copy.seed() == 3U);
  BOOST_TEST(names(copy) == names(m.store), boost::test_tools::per_element());
  for (const td::ParameterView& p : m.store.parameters()) {
    const arma::mat expected = arma::conv_to<arma::mat>::from(p.value<float>());
    BOOST_TEST(same_bits(copy.parameter(p.handle()).value<double>(), expected));  // the same handles work
    BOOST_TEST(!copy.gradients().touched(p.handle()));
  }
  BOOST_TEST(copy.buffer<double>(m.mean)[1] == static_cast<double>(0.1F));

  td::ParameterStore back = copy.copy(td::f32);
  BOOST_TEST(same_bits(back.values(), m.store.values()));
  BOOST_CHECK_THROW(copy.add("late", {1, 1}, td::zeros), td::UsageError);
}

BOOST_AUTO_TEST_CASE(a_copy_is_independent) {
  Model m;
  m.store.freeze("encoder.fc_1");
  m.store.initialize(td::constant(2));
  td::ParameterStore copy = m.store.copy();
  BOOST_TEST(frozen_names(copy).size() == 2U);
  copy.unfreeze("");
  copy.parameter(m.fc_1.weight()).value<double>().fill(5);
  copy.buffer<double>(m.mean).fill(5);
  copy.gradients().set(m.fc_1.weight(), arma::mat(5, 3, arma::fill::ones));
  BOOST_TEST(m.store.parameter(m.fc_1.weight()).value<double>()(0, 0) == 2);
  BOOST_TEST(m.store.buffer<double>(m.mean)[0] == 0.5);
  BOOST_TEST(!m.store.gradients().touched(m.fc_1.weight()));
  BOOST_TEST(frozen_names(m.store).size() == 2U);
  m.store.parameter(m.fc_1.weight()).value<double>().fill(6);
  BOOST_TEST(copy.parameter(m.fc_1.weight()).value<double>()(0, 0) == 5);
  copy.reset();  // by the rules of the store that it was copied from
  BOOST_TEST(copy.parameter(m.fc_1.weight()).value<double>()(0, 0) == 2);
}

BOOST_AUTO_TEST_CASE(one_model_runs_on_the_store_and_on_its_copy) {
  Model m{{.seed = 3, .scalar = td::f32}};
  td::ParameterStore copy = m.store.copy(td::f64);
  const arma::mat x = ramp<double>({3, 2});
  td::Memory memory;
  arma::mat exact;
  {
    td::Tape tape{copy, memory};
    exact = m.fc_1(tape.input(x)).matrix<double>();
  }
  td::Tape tape{m.store, memory};
  const td::Value y = m.fc_1(tape.input(x));
  // Sums of 4 terms of at most 5: 4 roundings of 2^-24 each.
  const arma::mat rounded = arma::conv_to<arma::mat>::from(y.matrix<float>());
  BOOST_TEST(arma::abs(rounded - exact).max() <= 4 * 20 * 0x1p-24);
  BOOST_TEST(arma::abs(rounded - exact).max() > 0);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(blending_makes_averages, T, Scalars) {
  Model m;
  td::ParameterStore average = m.store.copy(td::scalar_of<T>);
  const td::Matrix<T>& weight = average.parameter(m.fc_1.weight()).value<T>();
  const td::Matrix<T>& mean = average.buffer<T>(m.mean);
  for (int i = 1; i <= 3; ++i) {
    const auto mixed = [](T old, int term) {
      return static_cast<T>((1 - 0.1) * static_cast<double>(old) + 0.1 * term);
    };
    const T expected = mixed(weight(4, 2), i);
    const T expected_mean = mixed(mean[1], 10 * i);
    m.store.parameter(m.fc_1.weight()).value<double>().fill(i);
    m.store.buffer<double>(m.mean).fill(10 * i);
    average.blend(m.store, 0.1);
    BOOST_TEST(weight(4, 2) == expected);
    BOOST_TEST(mean[1] == expected_mean);
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_average_that_decays_ends_at_zero, T, Scalars) {
  Model m;  // in double
  td::ParameterStore average = m.store.copy(td::scalar_of<T>);
  td::Matrix<T>& mean = average.buffer<T>(m.mean);
  constexpr T smallest = std::numeric_limits<T>::min();
  mean = arma::Col<T>{smallest, -smallest / 4};
  m.store.buffer<double>(m.mean).fill(0);
  average.blend(m.store, 0);
  BOOST_TEST(mean[0] == smallest);
  BOOST_TEST(mean[1] == -smallest / 4);
  average.blend(m.store, 0.5);
  BOOST_TEST(mean[0] == 0);
  BOOST_TEST(mean[1] == 0);
}

BOOST_AUTO_TEST_CASE(blending_with_weight_1_is_a_copy) {
  Model m;
  td::ParameterStore other = m.store.copy(td::f64);
  other.parameter(m.fc_1.weight()).value<double>().fill(std::numeric_limits<double>::quiet_NaN());
  other.buffer<double>(m.mean).fill(std::numeric_limits<double>::infinity());
  other.blend(m.store, 1);
  BOOST_TEST(same_bits(other.values(), m.store.values()));
  BOOST_TEST(same_bits(other.buffers(), m.store.buffers()));
}

BOOST_AUTO_TEST_CASE(blending_with_strangers_or_beyond_is_refused) {
  Model m;
  Model stranger;
  td::ParameterStore copy = m.store.copy();
  BOOST_TEST(complaint<td::UsageError>([&] { m.store.blend(stranger.store, 1); }) ==
             "blend: an unrelated store; expected a copy of this one");
  for (const double bad : {-0.1, 1.1, std::numeric_limits<double>::quiet_NaN()}) {
    BOOST_CHECK_THROW(copy.blend(m.store, bad), td::OptionError);
  }
  BOOST_TEST(same_bits(copy.values(), m.store.values()));
}

// Freezing.

BOOST_AUTO_TEST_CASE(freezing_is_by_name_or_prefix) {
  td::ParameterStore store;
  for (const char* name : {"a.w", "a.b.w", "ab.w", "c"}) store.add(name, {1, 1}, td::zeros);
  store.freeze("a");
  BOOST_TEST(frozen_names(store) == (Names{"a.w", "a.b.w"}), boost::test_tools::per_element());
  store.unfreeze("a.b");
  BOOST_TEST(frozen_names(store) == (Names{"a.w"}), boost::test_tools::per_element());
  store.parameter("c").freeze();
  store.parameter("a.w").unfreeze();
  BOOST_TEST(frozen_names(store) == (Names{"c"}), boost::test_tools::per_element());
  store.freeze("");
  BOOST_TEST(frozen_names(store).size() == 4U);
  BOOST_TEST(complaint<td::NameError>([&] { store.freeze("d"); }) ==
             "freeze: no parameter at or under \"d\" (the nearest name is \"c\")");
  BOOST_CHECK_THROW(store.unfreeze("a.x"), td::NameError);
}

BOOST_AUTO_TEST_CASE(what_is_frozen_gets_no_gradient) {
  Model m;
  m.store.freeze("encoder.fc_1");
  td::Memory memory;
  td::Tape tape{m.store, memory};
  const arma::mat x = ramp<double>({3, 4});
  tape.backward(td::mse(m.fc_2(m.fc_1(tape.input(x))), arma::mat(2, 4), td::batch_mean));
  BOOST_TEST(!m.store.gradients().touched(m.fc_1.weight()));
  BOOST_TEST(!m.store.gradients().touched(m.fc_1.bias()));
  BOOST_TEST(m.store.gradients().touched(m.fc_2.weight()));
}

// Initial values.

BOOST_AUTO_TEST_CASE(initialize_is_for_weights_unless_told_otherwise) {
  Model m;
  const arma::mat bias = m.store.parameter(m.fc_1.bias()).value<double>();
  m.store.initialize(td::constant(3));
  BOOST_TEST(m.store.parameter(m.fc_1.weight()).value<double>().min() == 3);
  BOOST_TEST(m.store.parameter(m.fc_2.weight()).value<double>().min() == 3);
  BOOST_TEST(same_bits(m.store.parameter(m.fc_1.bias()).value<double>(), bias));
}

BOOST_AUTO_TEST_CASE(initialize_by_selection) {
  Model m;
  const auto first = [&](td::Parameter p) { return m.store.parameter(p).value<double>()[0]; };
  m.store.initialize(td::constant(1), {});
  m.store.initialize(td::constant(2), {.under = "encoder.fc_1"});
  m.store.initialize(td::constant(3), {.group = "biases"});
  m.store.initialize(td::constant(4), {.under = "encoder.fc_2", .group = "biases"});
  const auto check = [&] {
    BOOST_TEST(first(m.fc_1.weight()) == 2);
    BOOST_TEST(first(m.fc_1.bias()) == 3);
    BOOST_TEST(first(m.fc_2.weight()) == 1);
    BOOST_TEST(first(m.fc_2.bias()) == 4);
  };
  check();
  m.disturb();
  m.store.reset();
  check();
  BOOST_TEST(complaint<td::NameError>(
                 [&] { m.store.initialize(td::ones, {.under = "encoder.fc_1", .group = "x"}); }) ==
             "initialize: no parameter at or under \"encoder.fc_1\" of group \"x\" (the nearest name is "
             "\"encoder.fc_1.bias\")");
  check();
}

BOOST_AUTO_TEST_CASE(reset_makes_the_store_what_it_was) {
  Model m;
  const td::FlatBuffer values = m.store.values();
  const td::FlatBuffer buffers = m.store.buffers();
  BOOST_TEST(m.store.internals().next_pass() == 0U);
  m.store.freeze("encoder.fc_1");
  m.disturb();
  m.store.reset();
  BOOST_TEST(same_bits(m.store.values(), values));
  BOOST_TEST(same_bits(m.store.buffers(), buffers));
  for (const td::ParameterView& p : m.store.parameters()) {
    BOOST_TEST(!m.store.gradients().touched(p.handle()));
    BOOST_TEST(arma::all(arma::vectorise(p.gradient<double>()) == 0));
  }
  m.store.gradients().commit_statistics(m.store.buffers());  // none is left
  BOOST_TEST(same_bits(m.store.buffers(), buffers));
  BOOST_TEST(m.store.internals().next_pass() == 0U);
  BOOST_TEST(frozen_names(m.store).size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_parameter_is_reset_alone) {
  Model m;
  m.store.initialize(td::normal(2), {.under = "encoder.fc_1.bias"});  // the rule that counts
  const td::FlatBuffer start = m.store.values();
  m.disturb();
  const td::FlatBuffer disturbed = m.store.values();
  const td::ParameterView bias = m.store.parameter(m.fc_1.bias());
  const arma::mat weight_gradient = m.store.parameter(m.fc_1.weight()).gradient<double>();
  BOOST_TEST(arma::abs(bias.gradient<double>()).max() > 0);
  bias.reset();
  for (const td::ParameterView& p : m.store.parameters()) {
    const td::Index slot = p.handle().slot();
    const bool same = p.name() == "encoder.fc_1.bias";
    BOOST_TEST(same_bits(p.value<double>(), (same ? start : disturbed).matrix<double>(slot)), p.name());
    BOOST_TEST(m.store.gradients().touched(p.handle()) == !same, p.name());
  }
  BOOST_TEST(arma::abs(bias.gradient<double>()).max() == 0);
  BOOST_TEST(same_bits(m.store.parameter(m.fc_1.weight()).gradient<double>(), weight_gradient));
}

BOOST_AUTO_TEST_CASE(reset_with_a_seed_makes_the_store_of_that_seed) {
  Model m;
  const td::FlatBuffer values = m.store.values();
  m.disturb();
  m.store.reset(8);
  BOOST_TEST(m.store.seed() == 8U);
  BOOST_TEST(!same_bits(m.store.values(), values));
  Model eight{{.seed = 8, .scalar = td::f64}};
  BOOST_TEST(same_bits(m.store.values(), eight.store.values()));
  m.store.reset(7);
  BOOST_TEST(same_bits(m.store.values(), values));
}

BOOST_AUTO_TEST_CASE(adding_a_layer_leaves_the_others_initial_values) {
  Model m;
  td::ParameterStore store{{.seed = 7, .scalar = td::f64}};
  td::Linear before{store.scope("before"), 4, 4};
  td::Linear fc_1{store.scope("encoder.fc_1"), 3, 5};
  store.add("encoder.between", {2, 2}, td::normal(1), {.group = "biases"});
  BOOST_TEST(same_bits(store.parameter(fc_1.weight()).value<double>(),
                       m.store.parameter(m.fc_1.weight()).value<double>()));
  BOOST_TEST(same_bits(store.parameter(fc_1.bias()).value<double>(),
                       m.store.parameter(m.fc_1.bias()).value<double>()));
  BOOST_TEST(store.parameter(before.weight()).value<double>()(0, 0) !=
             store.parameter(fc_1.weight()).value<double>()(0, 0));
}

BOOST_AUTO_TEST_CASE(a_float_store_holds_the_rounded_values_of_a_double_one) {
  Model in_float{{.seed = 7, .scalar = td::f32}};
  Model in_double;
  for (const td::ParameterView& p : in_double.store.parameters()) {
    const arma::fmat rounded = arma::conv_to<arma::fmat>::from(p.value<double>());
    BOOST_TEST(same_bits(in_float.store.parameter(p.name()).value<float>(), rounded));
  }
}

BOOST_AUTO_TEST_CASE(buffers_start_at_their_initial_value) {
  td::ParameterStore store;
  const td::Buffer a = store.add_buffer("a", {3, 2}, 0.25);
  const td::Buffer b = store.scope("s").add_buffer("b", {1, 1}, -1);
  BOOST_TEST(same_bits(store.buffer<float>(a), arma::fmat(3, 2, arma::fill::value(0.25F))));
  BOOST_TEST(store.buffer<float>("s.b")[0] == -1);
  BOOST_TEST(&store.buffer<float>(b) == &store.buffer<float>("s.b"));
  BOOST_TEST(store.size() == 0U);  // a buffer is no parameter
}

// Initialisers that do not what they should.

const td::Initializer resizing{
    [](arma::mat& values, td::Fan, const td::Random&, double) { values.zeros(3, 3); }};
const td::Initializer not_finite{[](arma::mat& values, td::Fan, const td::Random&, double) {
  values.fill(std::numeric_limits<double>::quiet_NaN());
}};

BOOST_AUTO_TEST_CASE(an_initialiser_without_a_function_is_refused) {
  td::ParameterStore store;
  BOOST_TEST(complaint<td::OptionError>([&] {
               store.add("w", {2, 2}, td::Initializer{nullptr});
             }) == "w: an initialiser without a function to fill with; expected one such as td::normal(0.1)");
  BOOST_TEST(store.size() == 0U);
  store.add("w", {2, 2}, td::ones);
  BOOST_CHECK_THROW(store.initialize(td::Initializer{nullptr}), td::OptionError);
  BOOST_TEST(!store.sealed());
}

BOOST_AUTO_TEST_CASE(initial_values_of_another_shape_or_not_finite_are_refused) {
  const auto seal = [](td::Initializer rule, td::Scalar scalar) {
    td::ParameterStore store{{.scalar = scalar}};
    store.add("w", {2, 2}, rule);
    store.seal();
  };
  BOOST_TEST(
      complaint<td::ShapeError>([&] { seal(resizing, td::f32); }) ==
      "w: initial values of 3x3; expected 2x2 (an initialiser sets the elements of the matrix that it is "
      "given)");
  BOOST_TEST(complaint<td::NonFiniteError>([&] { seal(not_finite, td::f64); }) ==
             "w: initial values with NaN or Inf as double; expected finite numbers");
  BOOST_TEST(complaint<td::NonFiniteError>([&] { seal(td::constant(1e300), td::f32); }) ==
             "w: initial values with NaN or Inf as float; expected finite numbers");
  seal(td::constant(1e300), td::f64);
}

/// Fills with `parameter`, but fails at its second call since `calls` was set to 0.
int calls = 0;
const td::Initializer failing{[](arma::mat& values, td::Fan, const td::Random&, double parameter) {
                                if (++calls == 2) throw std::bad_alloc{};
                                values.fill(parameter);
                              },
                              7};

BOOST_AUTO_TEST_CASE(an_initialize_that_fails_changes_nothing) {
  Model m;
  const td::FlatBuffer before = m.store.values();
  calls = 0;
  BOOST_CHECK_THROW(m.store.initialize(failing), std::bad_alloc);
  BOOST_TEST(same_bits(m.store.values(), before));
  BOOST_CHECK_THROW(m.store.initialize(resizing), td::ShapeError);
  m.store.reset();  // by the rules that there were
  BOOST_TEST(same_bits(m.store.values(), before));
}

BOOST_AUTO_TEST_CASE(a_reset_that_fails_changes_nothing) {
  Model m;
  calls = 2;
  m.store.initialize(failing);
  m.disturb();
  const td::FlatBuffer values = m.store.values();
  const td::FlatBuffer buffers = m.store.buffers();
  m.store.internals().next_pass();
  calls = 0;
  BOOST_CHECK_THROW(m.store.reset(8), std::bad_alloc);
  calls = 1;
  BOOST_CHECK_THROW(m.store.parameter(m.fc_1.weight()).reset(), std::bad_alloc);
  BOOST_TEST(same_bits(m.store.values(), values));
  BOOST_TEST(same_bits(m.store.buffers(), buffers));
  BOOST_TEST(m.store.seed() == 7U);
  BOOST_TEST(m.store.internals().next_pass() == 1U);
  BOOST_TEST(m.store.gradients().touched(m.fc_1.bias()));
}

BOOST_AUTO_TEST_CASE(a_store_blended_with_itself_stays_as_it_is) {
  Model m;
  m.store.initialize(td::constant(3));
  for (const double weight : {0.0, 0.5, 1.0}) m.store.blend(m.store, weight);
  BOOST_TEST(arma::abs(m.store.parameter(m.fc_1.weight()).value<double>() - 3).max() < 1e-15);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
