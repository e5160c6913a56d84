#include "tapedeck/tape/tape.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "support/complaint.hpp"
#include "tapedeck/layers/linear.hpp"
#include "tapedeck/layers/sequential.hpp"
#include "tapedeck/ops/activation.hpp"
#include "tapedeck/ops/affine.hpp"
#include "tapedeck/ops/arithmetic.hpp"
#include "tapedeck/ops/dropout.hpp"
#include "tapedeck/ops/loss.hpp"
#include "tapedeck/ops/reduction.hpp"

namespace td = tapedeck;
using test::complaint;
using test::contains;

BOOST_AUTO_TEST_SUITE(tape)
BOOST_AUTO_TEST_SUITE(tape)

namespace {

const arma::mat x0{{1, -2, 3}, {4, 5, -6}};

arma::mat number(double x) { return arma::mat(1, 1, arma::fill::value(x)); }

bool equal(const arma::mat& a, const arma::mat& b, double tolerance = 0) {
  return arma::approx_equal(a, b, "absdiff", tolerance);
}

struct Double {
  td::ParameterStore store{{.seed = 3, .scalar = td::f64}};
  td::Linear layer{store.scope("fc"), 2, 2};
  td::Memory memory;
};

}  // namespace

// --- Define by run

BOOST_FIXTURE_TEST_CASE(a_layer_used_in_a_loop_adds_its_gradients_up, Double) {
  // y = W(W(W x)): the gradient of sum(y) in W, from the product rule, with W = w.
  td::ParameterStore plain{{.scalar = td::f64}};
  const td::Parameter weight = plain.add("w", {2, 2}, td::normal(1));
  const arma::mat w = plain.parameter(weight).value<double>();
  td::Tape tape(plain, memory);
  td::Value h = tape.input(x0);
  for (int i = 0; i < 3; ++i) h = td::product(weight, h);
  tape.backward(td::sum(h));
  const arma::mat one = arma::ones(2, 3);
  const arma::mat expected =
      one * (w * w * x0).t() + w.t() * one * (w * x0).t() + w.t() * w.t() * one * x0.t();
  BOOST_TEST(equal(plain.gradients().of<double>(weight), expected, 1e-12));
}

BOOST_FIXTURE_TEST_CASE(branches_and_residuals_are_just_code, Double) {
  const arma::mat w = store.parameter("fc.weight").value<double>();
  const arma::mat b = store.parameter("fc.bias").value<double>();
  for (const bool around : {false, true}) {
    td::Tape tape(store, memory);
    const td::Value x = tape.variable(x0);
    td::Value y = layer(x);
    if (around) y = y + x;
    tape.backward(td::sum(y));
    const arma::mat through = w.t() * arma::ones(2, 3);
    BOOST_TEST(equal(x.cotangent<double>(), around ? arma::mat(through + 1) : through, 1e-14));
  }
}

BOOST_FIXTURE_TEST_CASE(several_roots_with_cotangents_of_their_own, Double) {
  td::Tape tape(store, memory);
  const td::Value x = tape.variable(x0);
  const td::Value a = td::scale(x, 2);
  const td::Value l = td::sum(x);
  const arma::mat da = 5 * arma::ones(2, 3);
  tape.backward({{a, da}, l, l});
  BOOST_TEST(equal(x.cotangent<double>(), arma::mat(2, 3, arma::fill::value(12))));
}

BOOST_FIXTURE_TEST_CASE(a_variable_may_itself_be_a_root, Double) {
  td::Tape tape(store, memory);
  const td::Value x = tape.variable(x0);
  tape.backward({x, x0});
  BOOST_TEST(equal(x.cotangent<double>(), x0));
}

BOOST_FIXTURE_TEST_CASE(what_is_frozen_gets_no_gradient_and_costs_no_record, Double) {
  store.freeze("fc.weight");
  {
    td::Tape tape(store, memory);
    tape.backward(td::sum(layer(tape.input(x0))));
    BOOST_TEST(!store.gradients().touched(layer.weight()));
    BOOST_TEST(store.gradients().touched(layer.bias()));
  }
  store.freeze("fc");
  td::Tape tape(store, memory);
  const td::Value loss = td::sum(layer(tape.input(x0)));
  BOOST_TEST(complaint<td::UsageError>([&] { tape.backward(loss); }) ==
             "tape.backward: a root that depends on no parameter and no variable that wants a cotangent; "
             "expected one "
             "that does (is everything frozen, or detached?)");
}

BOOST_FIXTURE_TEST_CASE(detach_cuts, Double) {
  td::Tape tape(store, memory);
  const td::Value x = tape.variable(x0);
  const td::Value y = x % td::detach(x);
  BOOST_TEST(equal(y.matrix<double>(), x0 % x0));
  tape.backward(td::sum(y));
  BOOST_TEST(equal(x.cotangent<double>(), x0));

  td::Memory other;
  td::Tape nothing_left(store, other);
  const td::Value cut = td::detach(td::sum(nothing_left.variable(x0)));
  BOOST_CHECK_THROW(nothing_left.backward(cut), td::UsageError);
}

BOOST_FIXTURE_TEST_CASE(carry_takes_elements_to_the_next_tape_and_no_cotangent_back, Double) {
  td::Memory next_memory;
  td::Tape tape(store, memory);
  const td::Value x = tape.variable(x0);
  const td::Value h = td::scale(x, 2);
  {
    td::Tape next(store, next_memory);
    const td::Value carried = next.carry(h);
    const td::Value z = next.variable(x0);
    next.backward(td::sum(carried % z));
    BOOST_TEST(equal(z.cotangent<double>(), 2 * x0));
  }
  tape.backward(td::sum(h));
  BOOST_TEST(equal(x.cotangent<double>(), arma::mat(2, 3, arma::fill::value(2))));
}

// --- Handles and misuse

BOOST_FIXTURE_TEST_CASE(a_value_ends_with_its_tape, Double) {
  td::Value x;
  {
    td::Tape tape(store, memory);
    x = tape.input(x0);
  }
  const std::string stale =
      "Value: a stale one: its tape has ended; expected a Value of an open tape "
      "(a Value ends with its tape; copy what you need out of value.matrix<T>() before)";
  BOOST_TEST(complaint<td::HandleError>([&] { static_cast<void>(x.shape()); }) == stale);
  td::Tape tape(store, memory);
  const td::Value fresh = tape.input(x0);
  BOOST_TEST(complaint<td::HandleError>([&] { static_cast<void>(x.matrix<double>()); }) == stale);
  BOOST_TEST(complaint<td::HandleError>([&] { td::add(fresh, x); }) == stale);
  BOOST_TEST(complaint<td::HandleError>([&] { td::relu(x); }) == stale);
  BOOST_CHECK_THROW(td::relu(td::Value{}), td::HandleError);
}

BOOST_AUTO_TEST_CASE(a_tape_ends_with_its_store) {
  td::Memory memory;
  std::optional<td::ParameterStore> store(std::in_place);
  const td::Linear layer{store->scope("fc"), 2, 2};
  td::Tape tape(*store, memory);
  const td::Value x = tape.variable(arma::mat(2, 3, arma::fill::ones));
  const td::Value loss = td::sum(layer(x));
  store.reset();
  BOOST_CHECK_THROW(static_cast<void>(x.shape()), td::HandleError);
  BOOST_CHECK_THROW(td::tanh(loss), td::HandleError);
  BOOST_TEST(
      complaint<td::UsageError>([&] { tape.backward(loss); }) ==
      "Tape: a tape whose Memory or store was destroyed; expected a Memory and a store that outlive it");
  td::ParameterStore other;
  const td::Tape next(other, memory);  // the Memory is free
}

BOOST_FIXTURE_TEST_CASE(a_value_outlives_even_its_memory, Double) {
  td::Value x;
  {
    td::Memory brief;
    td::Tape tape(store, brief);
    x = tape.input(x0);
  }
  BOOST_CHECK_THROW(static_cast<void>(x.shape()), td::HandleError);
  const td::Memory again;  // takes over the pass of the one that went
  BOOST_CHECK_THROW(static_cast<void>(x.shape()), td::HandleError);
}

BOOST_FIXTURE_TEST_CASE(a_tape_plays_once, Double) {
  td::Tape tape(store, memory);
  const td::Value loss = td::sum(layer(tape.input(x0)));
  tape.backward(loss);
  const arma::mat gradient = store.gradients().of<double>(layer.weight());
  BOOST_TEST(complaint<td::UsageError>([&] { tape.backward(loss); }) ==
             "tape.backward: backward was already called on this tape; expected a new tape for each backward "
             "(several roots go into one call: tape.backward({{a, da}, {b, db}}))");
  BOOST_TEST(equal(store.gradients().of<double>(layer.weight()), gradient));
}

BOOST_FIXTURE_TEST_CASE(an_evaluate_tape_has_nothing_to_play, Double) {
  td::Tape tape(store, memory, td::evaluate);
  const td::Value loss = td::sum(layer(tape.input(x0)));
  BOOST_TEST(contains(complaint<td::UsageError>([&] { tape.backward(loss); }), "a tape in evaluate mode"));
}

BOOST_FIXTURE_TEST_CASE(a_root_needs_one_element_or_a_cotangent_of_its_shape, Double) {
  td::Tape tape(store, memory);
  const td::Value y = layer(tape.input(x0));
  BOOST_TEST(complaint<td::ShapeError>([&] { tape.backward(y); }) ==
             "tape.backward: a root of 2x3 without a cotangent; expected 1x1, or a cotangent of its shape "
             "(tape.backward({value, cotangent}))");
  BOOST_CHECK_THROW(tape.backward({y, arma::mat(3, 2)}), td::ShapeError);
  BOOST_CHECK_THROW(tape.backward({y, arma::fmat(2, 3)}), td::ScalarError);
  tape.backward({y, x0});  // none of these counted as playing
  BOOST_TEST(store.gradients().touched(layer.weight()));
}

BOOST_FIXTURE_TEST_CASE(roots_and_gradients_must_be_of_this_tape, Double) {
  td::Memory other_memory;
  td::Tape other(store, other_memory);
  const td::Value elsewhere = td::sum(layer(other.input(x0)));
  td::Tape tape(store, memory);
  const td::Value loss = td::sum(layer(tape.input(x0)));
  BOOST_CHECK_THROW(tape.backward(elsewhere), td::HandleError);
  td::ParameterStore stranger{{.scalar = td::f64}};
  td::Gradients foreign(stranger);
  BOOST_CHECK_THROW(tape.backward(loss, foreign), td::UsageError);
  td::ParameterStore single = store.copy(td::f32);
  BOOST_CHECK_THROW(tape.backward(loss, single.gradients()), td::UsageError);
}

BOOST_FIXTURE_TEST_CASE(one_memory_serves_one_tape_at_a_time, Double) {
  const td::Tape tape(store, memory);
  BOOST_TEST(contains(complaint<td::UsageError>([&] { const td::Tape second(store, memory); }),
                      "a Memory that another open tape writes into"));
}

BOOST_FIXTURE_TEST_CASE(a_tape_whose_memory_went_says_so, Double) {
  auto brief = std::make_optional<td::Memory>();
  td::Tape tape(store, *brief);
  brief.reset();
  BOOST_CHECK_THROW(tape.input(x0), td::UsageError);
}

BOOST_FIXTURE_TEST_CASE(cotangents_are_kept_for_variables_after_backward_only, Double) {
  td::Tape tape(store, memory);
  const td::Value x = tape.variable(x0);
  const td::Value unused = tape.variable(x0);
  const td::Value y = layer(x);
  BOOST_CHECK_THROW(x.cotangent<double>(), td::UsageError);
  tape.backward(td::sum(y));
  BOOST_CHECK_THROW(y.cotangent<double>(), td::UsageError);
  BOOST_CHECK_THROW(x.cotangent<float>(), td::ScalarError);
  BOOST_TEST(equal(unused.cotangent<double>(), arma::zeros(2, 3)));
}

BOOST_FIXTURE_TEST_CASE(elements_are_read_as_what_they_are, Double) {
  td::Tape tape(store, memory);
  const td::Value x = tape.input(x0);
  const td::Value t = tape.input(td::IndexMatrix{{1, 2}});
  BOOST_CHECK_THROW(x.matrix<float>(), td::ScalarError);
  BOOST_CHECK_THROW(t.matrix<double>(), td::ScalarError);
  BOOST_CHECK_THROW(x.item(), td::ShapeError);
  BOOST_TEST(t.matrix<td::Index>()(0, 1) == 2U);
  BOOST_CHECK_THROW(tape.variable(td::IndexMatrix(1, 1)), td::ScalarError);
}

// --- Data

BOOST_FIXTURE_TEST_CASE(borrowed_data_is_not_copied_and_copied_data_is, Double) {
  arma::mat data = x0;
  td::Tape tape(store, memory);
  const td::Value borrowed = tape.borrow(data);
  const td::Value copied = tape.input(data);
  data.fill(7);
  BOOST_TEST((borrowed.matrix<double>().memptr() == data.memptr()));
  BOOST_TEST(equal(copied.matrix<double>(), x0));
}

BOOST_AUTO_TEST_CASE(data_is_converted_to_the_scalar_of_the_store) {
  td::ParameterStore store;
  td::Memory memory;
  td::Tape tape(store, memory);
  const arma::fmat single = arma::conv_to<arma::fmat>::from(x0);
  BOOST_TEST((tape.borrow(x0).matrix<float>().memptr() != nullptr));
  BOOST_TEST(arma::approx_equal(tape.borrow(x0).matrix<float>(), single, "absdiff", 0));
  BOOST_TEST((tape.borrow(single).matrix<float>().memptr() == single.memptr()));
}

BOOST_FIXTURE_TEST_CASE(columns_in_an_order_are_gathered_and_columns_in_a_row_borrowed, Double) {
  const std::vector<td::Index> order{2, 0, 2};
  td::Columns columns(x0);
  td::Tape tape(store, memory);
  BOOST_TEST((tape.gather(columns).matrix<double>().memptr() == x0.memptr()));
  columns.order = order.data();
  columns.count = order.size();
  BOOST_TEST(equal(tape.gather(columns).matrix<double>(), x0.cols(arma::uvec{2, 0, 2})));
}

BOOST_AUTO_TEST_CASE(zeros_are_data_of_the_scalar_of_the_store) {
  for (const td::Scalar scalar : {td::f32, td::f64}) {
    td::ParameterStore store{{.scalar = scalar}};
    td::Memory memory;
    for (int pass = 0; pass < 2; ++pass) {  // the second finds what the first left in memory
      td::Tape tape(store, memory);
      const td::Value h = tape.zeros({3, 4});
      BOOST_TEST((h.shape() == td::Shape{3, 4}));
      td::with_scalar(scalar, [&]<class T>(T) {
        BOOST_TEST(h.matrix<T>().is_zero());
        tape.variable(arma::Mat<T>(3, 4, arma::fill::ones));
      });
      BOOST_CHECK_THROW(tape.backward(td::sum(h)), td::UsageError);  // nobody wants its cotangent
      BOOST_TEST(tape.zeros({0, 4}).shape().size() == 0);
    }
  }
}

// --- Running one model elsewhere

BOOST_AUTO_TEST_CASE(one_model_runs_on_copies_of_its_store) {
  td::ParameterStore store{{.seed = 5}};
  const td::Linear model(store.scope("fc"), 2, 3);
  td::Memory memory;
  const auto run = [&](td::ParameterStore& on) {
    td::Tape tape(on, memory, td::evaluate);
    const td::Value y = model(tape.input(x0));
    return on.scalar() == td::f64 ? y.matrix<double>() : arma::conv_to<arma::mat>::from(y.matrix<float>());
  };
  td::ParameterStore exact = store.copy(td::f64);
  const arma::mat w = exact.parameter("fc.weight").value<double>();
  const arma::mat b = exact.parameter("fc.bias").value<double>();
  BOOST_TEST(equal(run(exact), w * x0 + b * arma::ones(1, 3), 1e-15));
  const double rounding =
      3 * 16 * static_cast<double>(std::numeric_limits<float>::epsilon());  // 3 terms below 16
  BOOST_TEST(equal(run(store), run(exact), rounding));

  td::ParameterStore average = exact.copy();
  exact.parameter("fc.weight").value<double>().fill(1);
  average.blend(exact, 0.25);
  BOOST_TEST(equal(run(average), (0.75 * w + 0.25) * x0 + b * arma::ones(1, 3), 1e-14));
}

BOOST_FIXTURE_TEST_CASE(gradients_of_ones_own_leave_those_of_the_store, Double) {
  td::Gradients own(store);
  td::Tape tape(store, memory);
  tape.backward(td::sum(layer(tape.input(x0))), own);
  BOOST_TEST(own.touched(layer.weight()));
  BOOST_TEST(!store.gradients().touched(layer.weight()));
  BOOST_TEST(equal(own.of<double>(layer.weight()), arma::ones(2, 3) * x0.t(), 1e-14));
}

BOOST_FIXTURE_TEST_CASE(gradients_accumulate_until_zero_grad, Double) {
  const auto pass = [&] {
    td::Tape tape(store, memory);
    tape.backward(td::sum(layer(tape.input(x0))));
  };
  const arma::mat once = arma::ones(2, 3) * x0.t();
  pass();
  pass();
  BOOST_TEST(equal(store.gradients().of<double>(layer.weight()), 2 * once, 1e-14));
  store.zero_grad();
  BOOST_TEST(equal(store.gradients().of<double>(layer.weight()), arma::zeros(2, 2)));
  pass();
  BOOST_TEST(equal(store.gradients().of<double>(layer.weight()), once, 1e-14));
}

// --- vjp

BOOST_FIXTURE_TEST_CASE(vjp_gives_a_jacobian_row_by_row, Double) {
  td::Tape tape(store, memory);
  const arma::mat x1 = x0.col(0);
  const td::Value x = tape.variable(x1);
  const td::Value y = td::tanh(layer(x));
  const arma::mat w = store.parameter("fc.weight").value<double>();
  const arma::mat slope = 1 - arma::square(y.matrix<double>());
  arma::mat jacobian(2, 2);
  for (td::Index i = 0; i < 2; ++i) {
    arma::mat unit(2, 1);
    unit(i, 0) = 1;
    jacobian.row(i) = tape.vjp<double>({{y, unit}}, {x}).front().t();
  }
  BOOST_TEST(equal(jacobian, arma::diagmat(slope.col(0)) * w, 1e-15));
  BOOST_TEST(!store.gradients().touched(layer.weight()));
}

BOOST_FIXTURE_TEST_CASE(vjp_may_be_repeated_before_and_after_backward, Double) {
  td::Tape tape(store, memory);
  const td::Value x = tape.variable(x0);
  const td::Value h = layer(x);
  const td::Value loss = td::sum(td::sigmoid(h));
  const auto at_x = [&] { return tape.vjp<double>({loss}, {x}).front(); };
  const arma::mat first = at_x();
  BOOST_TEST(equal(at_x(), first));
  tape.backward(loss);
  BOOST_TEST(equal(x.cotangent<double>(), first));
  BOOST_TEST(equal(at_x(), first));
  BOOST_TEST(equal(x.cotangent<double>(), first));
}

BOOST_FIXTURE_TEST_CASE(vjp_reaches_parameters_and_what_lies_between, Double) {
  td::Tape tape(store, memory);
  const td::Value x = tape.variable(x0);
  const td::Value h = layer(x);
  const td::Value y = td::scale(h, 3) + h;
  const auto cotangents = tape.vjp<double>({{y, x0}}, {h, tape.parameter(layer.weight()), x, h});
  BOOST_TEST(equal(cotangents[0], 4 * x0));
  BOOST_TEST(equal(cotangents[1], 4 * x0 * x0.t(), 1e-13));
  BOOST_TEST(equal(cotangents[2], store.parameter("fc.weight").value<double>().t() * (4 * x0), 1e-13));
  BOOST_TEST(equal(cotangents[3], 4 * x0));
  BOOST_TEST(equal(tape.vjp<double>({{y, x0}}, {h}).front(), 4 * x0));  // and nothing further back
}

BOOST_FIXTURE_TEST_CASE(vjp_of_what_does_not_depend_is_zero, Double) {
  td::Tape tape(store, memory);
  const td::Value x = tape.variable(x0);
  const td::Value y = td::sum(layer(tape.input(x0)));
  BOOST_TEST(equal(tape.vjp<double>({y}, {x}).front(), arma::zeros(2, 3)));
}

BOOST_FIXTURE_TEST_CASE(vjp_refuses_data_and_the_other_scalar, Double) {
  td::Tape tape(store, memory);
  const td::Value x = tape.input(x0);
  const td::Value y = td::sum(layer(x));
  BOOST_TEST(contains(complaint<td::UsageError>([&] { tape.vjp<double>({y}, {x}); }), "tape.variable(x)"));
  BOOST_CHECK_THROW(tape.vjp<float>({y}, {x}), td::ScalarError);
}

// --- Modes and memory

BOOST_FIXTURE_TEST_CASE(in_evaluation_sequential_releases_what_lies_between, Double) {
  std::vector<td::Value> seen;
  const td::Sequential model{layer,
                             [&](const td::Value& x) {
                               seen.push_back(x);
                               return td::tanh(x);
                             },
                             {"again", layer}};
  {
    td::Tape tape(store, memory, td::evaluate);
    const td::Value x = tape.input(x0);
    const td::Value y = model(x);
    BOOST_TEST(to_string(y.shape()) == "2x3");
    BOOST_TEST(to_string(x.shape()) == "2x3");
    BOOST_TEST(
        contains(complaint<td::HandleError>([&] { td::relu(seen.front()); }), "a 2x3 one that was released"));
  }
  td::Tape tape(store, memory);
  model(tape.input(x0));
  const td::Matrix<double> last = seen.back().matrix<double>();
  BOOST_TEST(equal(td::tanh(seen.back()).matrix<double>(), td::tanh(tape.input(last)).matrix<double>()));
}

BOOST_FIXTURE_TEST_CASE(a_deep_evaluation_needs_memory_for_two_layers_only, Double) {
  const auto capacity = [&](int depth) {
    td::Memory own;
    const td::Sequential model(std::vector<td::Sequential::Item>(
        static_cast<std::size_t>(depth),
        td::Sequential::Item{[](const td::Value& x) { return td::scale(x, 0.5); }}));
    td::Tape tape(store, own, td::evaluate);
    const arma::mat x(1000, 100);
    model(tape.borrow(x));
    return own.capacity();
  };
  const std::size_t one_value = 1000 * 100 * sizeof(double);
  BOOST_TEST(capacity(64) < capacity(2) + one_value);
}

BOOST_FIXTURE_TEST_CASE(a_million_records_play_back_and_die, Double) {
  td::Tape tape(store, memory);
  const td::Value x = tape.variable(number(1));
  td::Value h = x;
  for (int i = 0; i < 1'000'000; ++i) h = td::scale(h, i % 2 == 0 ? 2.0 : 0.5);
  BOOST_TEST(h.item() == 1);
  tape.backward(h);
  BOOST_TEST(x.cotangent<double>()(0, 0) == 1);
}

// --- Checking for NaN and Inf

BOOST_FIXTURE_TEST_CASE(check_finite_names_the_first_bad_record_and_its_operand, Double) {
  const td::Sequential model{{"first", layer}, {"second", td::Linear{layer}}};
  arma::mat bad = x0;
  bad(1, 2) = std::numeric_limits<double>::quiet_NaN();
  td::Tape tape(store, memory, {.check_finite = true});
  BOOST_TEST(
      complaint<td::NonFiniteError>([&] { model(tape.input(bad)); }) ==
      "first (affine): y is nan at (0,2), its operand x is 2x3 with nan at (1,2); expected finite numbers");
}

BOOST_FIXTURE_TEST_CASE(check_finite_names_a_parameter, Double) {
  store.parameter("fc.weight").value<double>()(1, 0) = std::numeric_limits<double>::infinity();
  td::Tape tape(store, memory, {.check_finite = true});
  BOOST_TEST(complaint<td::NonFiniteError>([&] { layer(tape.input(x0)); }) ==
             "affine: y is inf at (1,0), its operand weight \"fc.weight\" is 2x2 with inf at (1,0); "
             "expected finite numbers");
}

BOOST_FIXTURE_TEST_CASE(check_finite_names_a_record_that_overflows_by_itself, Double) {
  td::Tape tape(store, memory, {.check_finite = true});
  const td::Value x = tape.input(number(1e308));
  BOOST_TEST(complaint<td::NonFiniteError>([&] { x + x; }) ==
             "add: y is inf at (0,0), all its operands are finite; expected finite numbers");
}

BOOST_FIXTURE_TEST_CASE(check_finite_looks_at_cotangents_too, Double) {
  td::Tape tape(store, memory, {.check_finite = true});
  const td::Value x = tape.variable(number(2));
  const td::Value y = td::scale(td::scale(x, 1e200), 1e-200);
  BOOST_TEST(complaint<td::NonFiniteError>([&] {
               tape.backward({y, number(1e250)});
             }) == "nothing was thrown");
  td::Memory other;
  td::Tape again(store, other, {.check_finite = true});
  const td::Value z = td::scale(td::scale(again.variable(number(2)), 1e-200), 1e200);
  BOOST_TEST(complaint<td::NonFiniteError>([&] {
               again.backward({z, number(1e250)});
             }) == "scale: going back, the cotangent of x is 1x1 with inf at (0,0); expected finite numbers");
}

BOOST_FIXTURE_TEST_CASE(without_checks_nan_is_passed_on, Double) {
  td::Tape tape(store, memory);
  const td::Value x = tape.input(arma::mat(arma::vec{std::numeric_limits<double>::quiet_NaN(), 1}));
  BOOST_TEST(std::isnan(td::relu(layer(x)).matrix<double>()(0, 0)));
}

// --- Random streams

BOOST_FIXTURE_TEST_CASE(a_mask_follows_layer_use_and_step_and_nothing_else, Double) {
  const arma::mat one = arma::ones(64, 8);
  const auto mask = [&](std::uint64_t step, const char* name, int before, bool other_op) {
    td::Tape tape(store, memory, {.step = step});
    td::Value x = tape.input(one);
    if (other_op) x = td::relu(x);
    const td::Tape::At at(tape, name);
    for (int i = 0; i < before; ++i) td::dropout(x, 0.5);
    return arma::mat(td::dropout(x, 0.5).matrix<double>());
  };
  const arma::mat reference = mask(7, "drop", 0, false);
  BOOST_TEST(equal(mask(7, "drop", 0, false), reference));
  BOOST_TEST(equal(mask(7, "drop", 0, true), reference));
  BOOST_TEST(!equal(mask(8, "drop", 0, false), reference));
  BOOST_TEST(!equal(mask(7, "else", 0, false), reference));
  BOOST_TEST(!equal(mask(7, "drop", 1, false), reference));
  BOOST_TEST(!equal(mask(7, "drop", 2, false), mask(7, "drop", 1, false)));
}

BOOST_FIXTURE_TEST_CASE(a_split_batch_draws_the_masks_of_the_whole, Double) {
  const auto masks = [&](td::Index first, td::Index count) {
    td::Tape tape(store, memory, {.step = 3, .first_column = first});
    return arma::mat(td::dropout(tape.input(arma::mat(30, count, arma::fill::ones)), 0.3).matrix<double>());
  };
  BOOST_TEST(equal(arma::join_rows(masks(0, 5), masks(5, 12)), masks(0, 17)));
}

BOOST_FIXTURE_TEST_CASE(a_tape_without_a_step_of_its_own_takes_the_next, Double) {
  const auto mask = [&] {
    td::Tape tape(store, memory);
    return arma::mat(td::dropout(tape.input(arma::mat(30, 4, arma::fill::ones)), 0.3).matrix<double>());
  };
  const arma::mat first = mask();
  BOOST_TEST(!equal(mask(), first));
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
