#include "tapedeck/tape/op.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <type_traits>

#include "support/complaint.hpp"
#include "tapedeck/tape/tape.hpp"

namespace td = tapedeck;
using test::complaint;

BOOST_AUTO_TEST_SUITE(tape)
BOOST_AUTO_TEST_SUITE(op)

namespace {

// y = s (.) x     ds = sum over the batch of dy (.) x     dx = s (.) dy
struct ScaleOp {
  static constexpr auto name = "scale";
  static constexpr td::Signature signature = "s(f,1)* x(f,b)* -> y(f,b)";
  void forward(auto& y, const auto& s, const auto& x) const { y = arma::diagmat(s.col(0)) * x; }
  void vjp(auto& ds, auto& dx, const auto& dy, const auto& s, const auto& x) const {
    ds += arma::sum(dy % x, 1);
    dx += arma::diagmat(s.col(0)) * dy;
  }
};

// d = a - b     p = a (.) b
struct DifferenceAndProductOp {
  static constexpr auto name = "difference_and_product";
  static constexpr td::Signature signature = "a(f,b)* b(f,b)* -> d(f,b) p(f,b)";
  void forward(auto& d, auto& p, const auto& a, const auto& b) const {
    d = a - b;
    p = a % b;
  }
  void vjp(auto& da, auto& db, const auto& dd, const auto& dp, const auto& a, const auto& b) const {
    da += dd + dp % b;
    db += dp % a - dd;
  }
};

// Leaves db without a contribution.
struct ForgetfulOp {
  static constexpr auto name = "forgetful";
  static constexpr td::Signature signature = "a(f,b) b(f,b) -> y(f,b)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a + b; }
  void vjp(auto& da, auto& /*db*/, const auto& dy) const { da += dy; }
};

// Says that nothing is contributed to b, by a call or by its signature.
struct CallsNoneOp {
  static constexpr auto name = "calls_none";
  static constexpr td::Signature signature = "a(f,b) b(f,b) -> y(f,b)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a + b; }
  void vjp(auto& da, auto& db, const auto& dy) const {
    da += dy;
    db.none();
  }
};
struct DeclaresZeroOp {
  static constexpr auto name = "declares_zero";
  static constexpr td::Signature signature = "a(f,b) b(f,b):zero -> y(f,b)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a + arma::sign(b); }
  void vjp(auto& da, const auto& dy) const { da += dy; }
};

// All of its derivatives are zero by design: it has no vjp.
struct SignOp {
  static constexpr auto name = "sign";
  static constexpr td::Signature signature = "x(f,b):zero -> y(f,b)";
  void forward(auto& y, const auto& x) const { y = arma::sign(x); }
};

// The contribution to x has the wrong shape.
struct MisshapenOp {
  static constexpr auto name = "misshapen";
  static constexpr td::Signature signature = "x(f,b) -> y(f,b)";
  void forward(auto& y, const auto& x) const { y = x; }
  void vjp(auto& dx, const auto& dy) const { dx += arma::sum(dy, 1); }
};

// Writes an output of a shape that its signature does not say.
struct SidewaysOp {
  static constexpr auto name = "sideways";
  static constexpr td::Signature signature = "x(f,1) -> y(f,1)";
  void forward(auto& y, const auto& x) const { y = x.t(); }
  void vjp(auto& dx, const auto& dy) const { dx += dy; }
};

// States a shape that contradicts its signature.
struct ContradictoryOp {
  static constexpr auto name = "contradictory";
  static constexpr td::Signature signature = "x(f,b) -> y(g,b)";
  td::Shape shape(td::Shape x) const { return {x.rows, x.cols + 1}; }
  void forward(auto& y, const auto&) const { y.zeros(); }
  void vjp(auto& dx, const auto& dy) const { dx += dy; }
};

// Complains in its shape().
struct PickyAboutShapesOp {
  static constexpr auto name = "picky_about_shapes";
  static constexpr td::Signature signature = "x(f,b) -> y(g,b)";
  td::Shape shape(td::Shape) const { throw td::ShapeError({.who = "", .given = "this"}); }
  void forward(auto&, const auto&) const {}
  void vjp(auto& dx, const auto& dy) const { dx += dy; }
};

static_assert(td::detail::says_all_sizes(ScaleOp::signature, false));
static_assert(!td::detail::says_all_sizes("x(f,b) -> y(g,b)", false));
static_assert(!td::detail::says_all_sizes("x(f,b) -> y(f,b) | mask(f,k)", false));
static_assert(td::detail::says_all_sizes("x(f,b) -> y(f,1) | mask(2,b)", false));

// Complains about its input.
struct PickyOp {
  static constexpr auto name = "picky";
  static constexpr td::Signature signature = "x(f,b) -> y(f,b)";
  void forward(auto&, const auto&) const { throw td::LabelError({.who = "picky", .given = "this"}); }
  void vjp(auto& dx, const auto& dy) const { dx += dy; }
};

// Its costly contribution must be asked for only by those who want it.
struct CostlyOp {
  static constexpr auto name = "costly";
  static constexpr td::Signature signature = "a(f,b) b(f,b) -> y(f,b)";
  int* calls;
  void forward(auto& y, const auto& a, const auto& b) const { y = a + b; }
  void vjp(auto& da, auto& db, const auto& dy) const {
    const auto count = [&] {
      ++*calls;
      return (dy + 0).eval();
    };
    da += count;
    db += count;
  }
};

// Picks what labels point at: y[c] = x(t[c], c).
struct PickOp {
  static constexpr auto name = "pick";
  static constexpr td::Signature signature = "x(f,b) t(1,b):index* -> y(1,b)";
  void forward(auto& y, const auto& x, const auto& t) const {
    static_assert(std::is_same_v<std::remove_cvref_t<decltype(t)>, td::IndexMatrix>);
    for (td::Index c = 0; c < x.n_cols; ++c) y[c] = x(t[c], c);
  }
  void vjp(auto& dx, const auto& dy, const auto& t) const {
    dx += [&](auto& sum) {
      for (td::Index c = 0; c < dy.n_cols; ++c) sum(t[c], c) += dy[c];
    };
  }
};

// One output row a sample more than x has: the shape is stated in a function.
struct PadOp {
  static constexpr auto name = "pad";
  static constexpr td::Signature signature = "x(f,b) -> y(g,b)";
  td::Shape shape(td::Shape x) const { return {x.rows + 1, x.cols}; }
  void forward(auto& y, const auto& x) const {
    y.zeros();
    y.head_rows(x.n_rows) = x;
  }
  void vjp(auto& dx, const auto& dy) const { dx += dy.head_rows(dy.n_rows - 1); }
};

static_assert(!std::is_assignable_v<td::Sink<float>&, arma::fmat>, "a sink can only be added to");
static_assert(!std::is_assignable_v<td::Sink<double>&, double>);
static_assert(!std::is_copy_constructible_v<td::Sink<float>>);

const arma::mat x0{{1, -2, 3}, {4, 5, -6}};
const arma::mat x1{{0.5, 2, -1}, {-3, 1, 2}};
const arma::mat dy0{{1, 2, 3}, {-1, 0.5, 2}};

struct OnTape {
  td::ParameterStore store{{.seed = 1, .scalar = td::f64}};
  td::Parameter gain = store.add("scale.gain", {2, 1}, td::constant(3));
  td::Memory memory;
  td::Tape tape{store, memory};
};

arma::mat column(double a, double b) { return arma::vec{a, b}; }

bool equal(const arma::mat& a, const arma::mat& b) { return arma::approx_equal(a, b, "absdiff", 0); }

}  // namespace

BOOST_FIXTURE_TEST_CASE(an_op_is_applied_and_played_back, OnTape) {
  const td::Value x = tape.variable(x0);
  const td::Value y = td::apply(ScaleOp{}, gain, x);
  BOOST_TEST(equal(y.matrix<double>(), 3 * x0));
  tape.backward({y, dy0});
  BOOST_TEST(equal(x.cotangent<double>(), 3 * dy0));
  BOOST_TEST(equal(store.gradients().of<double>(gain), arma::sum(dy0 % x0, 1)));
}

BOOST_AUTO_TEST_CASE(the_same_op_runs_in_float) {
  td::ParameterStore store;
  const td::Parameter gain = store.add("gain", {2, 1}, td::constant(3));
  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Value y = td::apply(ScaleOp{}, gain, tape.input(x0));
  BOOST_TEST((y.element() == td::Element::real32));
  const arma::fmat dy = arma::conv_to<arma::fmat>::from(dy0);
  tape.backward({y, dy});
  BOOST_TEST(
      arma::approx_equal(store.gradients().of<float>(gain), arma::fmat(arma::fvec{6, -13.5F}), "absdiff", 0));
}

BOOST_FIXTURE_TEST_CASE(one_input_given_twice_gets_both_contributions, OnTape) {
  const td::Value x = tape.variable(x0);
  const auto [d, p] = td::apply(DifferenceAndProductOp{}, x, x);
  BOOST_TEST(equal(d.matrix<double>(), arma::zeros(2, 3)));
  tape.backward({{d, dy0}, {p, dy0}});
  BOOST_TEST(equal(x.cotangent<double>(), 2 * (dy0 % x0)));
}

BOOST_FIXTURE_TEST_CASE(an_output_that_nobody_used_has_a_cotangent_of_zero, OnTape) {
  const td::Value a = tape.variable(x0);
  const td::Value b = tape.variable(x1);
  const auto outputs = td::apply(DifferenceAndProductOp{}, a, b);
  tape.backward({outputs[0], dy0});
  BOOST_TEST(equal(a.cotangent<double>(), dy0));
  BOOST_TEST(equal(b.cotangent<double>(), -dy0));
}

BOOST_FIXTURE_TEST_CASE(a_sink_left_untouched_is_refused, OnTape) {
  const td::Value y = td::apply(ForgetfulOp{}, tape.variable(x0), tape.variable(x1));
  BOOST_TEST(complaint<td::ContractError>([&] {
               tape.backward({y, dy0});
             }) ==
             "forgetful: db was left untouched by the vjp; expected a contribution "
             "(if its derivative is zero by design, mark the input in the signature: x(f,b):zero)");
}

BOOST_FIXTURE_TEST_CASE(a_sink_that_nobody_wants_may_be_left_untouched, OnTape) {
  const td::Value a = tape.variable(x0);
  tape.backward({td::apply(ForgetfulOp{}, a, tape.input(x1)), dy0});
  BOOST_TEST(equal(a.cotangent<double>(), dy0));
}

BOOST_FIXTURE_TEST_CASE(none_is_refused_for_an_input_that_is_trained_through, OnTape) {
  const td::Value trained = td::apply(ScaleOp{}, gain, tape.input(x1));
  BOOST_TEST(complaint<td::ContractError>([&] {
               tape.backward({td::apply(CallsNoneOp{}, tape.variable(x0), trained), dy0});
             }) ==
             "calls_none: db.none() for an input that \"scale.gain\" is trained through; expected a "
             "contribution to db "
             "(if its derivative is zero by design, mark it in the signature: b(...):zero)");
}

BOOST_FIXTURE_TEST_CASE(none_is_refused_for_a_variable, OnTape) {
  const td::Value y = td::apply(CallsNoneOp{}, tape.input(x0), td::scale(tape.variable(x1), 2));
  const std::string text = complaint<td::ContractError>([&] { tape.backward({y, dy0}); });
  BOOST_TEST(text.starts_with("calls_none: db.none() for an input that a variable is trained through;"),
             text);
}

BOOST_FIXTURE_TEST_CASE(none_may_be_said_where_nobody_wants_the_cotangent, OnTape) {
  const td::Value a = tape.variable(x0);
  tape.backward({td::apply(CallsNoneOp{}, a, tape.input(x1)), dy0});
  BOOST_TEST(equal(a.cotangent<double>(), dy0));
}

BOOST_FIXTURE_TEST_CASE(an_input_whose_derivative_is_zero_has_no_sink, OnTape) {
  const td::Value a = tape.variable(x0);
  const td::Value b = tape.variable(x1);
  const td::Value y = td::apply(DeclaresZeroOp{}, td::apply(ScaleOp{}, gain, b), b);
  BOOST_TEST(equal(tape.vjp<double>({{y, dy0}}, {b}).front(), 3 * dy0));
  BOOST_TEST(
      complaint<td::UsageError>([&] {
        tape.vjp<double>({{td::apply(DeclaresZeroOp{}, tape.input(x0), b), dy0}}, {td::apply(SignOp{}, a)});
      }).starts_with("tape.vjp: an input whose cotangent was not wanted"));
  tape.backward({y, dy0});
  BOOST_TEST(equal(b.cotangent<double>(), 3 * dy0));
}

BOOST_FIXTURE_TEST_CASE(an_op_whose_derivatives_are_all_zero_has_no_vjp, OnTape) {
  const td::Value x = tape.variable(x0);
  const td::Value y = td::apply(SignOp{}, x);
  BOOST_TEST(equal(y.matrix<double>(), arma::sign(x0)));
  BOOST_TEST(complaint<td::UsageError>([&] {
               tape.backward({y, dy0});
             }).starts_with("tape.backward: a root that depends on no parameter"));
  tape.backward({y + x, dy0});
  BOOST_TEST(equal(x.cotangent<double>(), dy0));
}

BOOST_FIXTURE_TEST_CASE(what_its_shape_complains_of_is_told_with_its_place, OnTape) {
  const td::Value x = tape.variable(x0);
  const td::Tape::At at(tape, "fc_1");
  BOOST_TEST(complaint<td::ShapeError>([&] { td::apply(PickyAboutShapesOp{}, x); }) ==
             "fc_1 (picky_about_shapes): this");
}

BOOST_FIXTURE_TEST_CASE(a_contribution_of_another_shape_is_refused, OnTape) {
  const td::Value y = td::apply(MisshapenOp{}, tape.variable(x0));
  BOOST_TEST(complaint<td::ShapeError>([&] {
               tape.backward({y, dy0});
             }) ==
             "misshapen: dx got a contribution of another shape; expected 2x3 (a cotangent has the shape of "
             "its input)");
}

BOOST_FIXTURE_TEST_CASE(an_output_of_another_shape_is_refused, OnTape) {
  const td::Value x = tape.variable(column(1, 2));
  const td::Tape::At at(tape, "fc_1");
  const std::string text = complaint<td::ContractError>([&] { td::apply(SidewaysOp{}, x); });
  BOOST_TEST(text.starts_with("fc_1 (sideways): Armadillo refused: "), text);
}

BOOST_FIXTURE_TEST_CASE(a_stated_shape_must_agree_with_the_signature, OnTape) {
  const td::Value x = tape.variable(x0);
  BOOST_TEST(
      complaint<td::ContractError>([&] { td::apply(ContradictoryOp{}, x); }) ==
      "contradictory: its shape() gave 2x4; expected outputs and cotangents of the shapes that the signature "
      "says");
}

BOOST_FIXTURE_TEST_CASE(what_an_op_complains_of_is_told_with_its_place, OnTape) {
  const td::Value x = tape.variable(x0);
  const td::Tape::At outer(tape, "encoder");
  const td::Tape::At inner(tape, "fc_1");
  BOOST_TEST(complaint<td::LabelError>([&] { td::apply(PickyOp{}, x); }) == "encoder.fc_1 (picky): this");
}

BOOST_FIXTURE_TEST_CASE(a_function_is_called_only_if_its_contribution_is_wanted, OnTape) {
  int calls = 0;
  const td::Value a = tape.variable(x0);
  tape.backward({td::apply(CostlyOp{&calls}, a, tape.input(x1)), dy0});
  BOOST_TEST(calls == 1);
  BOOST_TEST(equal(a.cotangent<double>(), dy0));
}

BOOST_FIXTURE_TEST_CASE(labels_are_indices_and_get_no_cotangent, OnTape) {
  const td::Value x = tape.variable(x0);
  const td::Value y = td::apply(PickOp{}, x, tape.input(td::IndexMatrix{{1, 0, 1}}));
  BOOST_TEST(equal(y.matrix<double>(), arma::mat{{4, -2, -6}}));
  tape.backward({y, arma::mat{{10, 20, 30}}});
  BOOST_TEST(equal(x.cotangent<double>(), arma::mat{{0, 20, 0}, {10, 0, 30}}));
}

BOOST_FIXTURE_TEST_CASE(labels_that_are_numbers_are_refused, OnTape) {
  const td::Value x = tape.variable(x0);
  BOOST_TEST(complaint<td::ScalarError>([&] {
               td::apply(PickOp{}, x, tape.input(arma::mat{{1, 0, 1}}));
             }) ==
             "pick: t holds double; expected index (class labels are an arma::umat, put on the tape with "
             "tape.input)");
}

BOOST_FIXTURE_TEST_CASE(a_shape_that_the_signature_cannot_say_is_stated_in_a_function, OnTape) {
  const td::Value x = tape.variable(x0);
  const td::Value y = td::apply(PadOp{}, x);
  BOOST_TEST(to_string(y.shape()) == "3x3");
  const arma::mat dy = arma::join_cols(dy0, arma::mat(1, 3, arma::fill::ones));
  tape.backward({y, dy});
  BOOST_TEST(equal(x.cotangent<double>(), dy0));
}

BOOST_FIXTURE_TEST_CASE(a_wrong_shape_names_the_operand_and_what_is_wanted, OnTape) {
  const td::Value x = tape.input(arma::mat(5, 4));
  BOOST_TEST(complaint<td::ShapeError>([&] { td::apply(ScaleOp{}, gain, x); }) ==
             "scale: x is 5x4, s \"scale.gain\" is 2x1; expected x to be 2xb (one column is one sample)");
  BOOST_TEST(complaint<td::ShapeError>([&] {
               const td::Tape::At at(tape, "fc_2");
               td::apply(ScaleOp{}, tape.input(arma::mat(2, 3)), tape.input(x0));
             }) == "fc_2 (scale): s is 2x3, x is 2x3; expected s to be 2x1 (one column is one sample)");
}

BOOST_FIXTURE_TEST_CASE(operands_must_be_of_one_tape_and_store, OnTape) {
  td::Memory other_memory;
  td::Tape other(store, other_memory);
  const td::Value x = tape.input(x0);
  const td::Value elsewhere = other.input(x1);
  BOOST_TEST(complaint<td::HandleError>([&] { td::apply(DifferenceAndProductOp{}, x, elsewhere); }) ==
             "Value: one of another tape; expected Values of one tape only (tape.carry(value) takes its "
             "elements over)");
  td::ParameterStore stranger;
  const td::Parameter foreign = stranger.add("gain", {2, 1}, td::ones);
  BOOST_CHECK_THROW(td::apply(ScaleOp{}, foreign, x), td::HandleError);
  BOOST_CHECK_THROW(td::apply(ScaleOp{}, td::Parameter{}, x), td::HandleError);
  BOOST_CHECK_THROW(td::apply(ScaleOp{}, gain, td::Value{}), td::HandleError);
}

BOOST_AUTO_TEST_CASE(an_operand_may_be_anything_that_can_be_put_on_the_tape) {
  td::ParameterStore own{{.scalar = td::f64}};
  const td::Parameter gain = own.add("gain", {2, 1}, td::constant(3));
  td::Memory own_memory;
  td::Tape own_tape(own, own_memory);
  const td::Value in = own_tape.variable(arma::mat{{1, 2}, {3, 4}});
  const auto scale = [&](const td::Operand& s) { return td::apply(ScaleOp{}, s, in).matrix<double>(); };
  BOOST_TEST(arma::approx_equal(scale(gain), arma::mat{{3, 6}, {9, 12}}, "absdiff", 0));
  BOOST_TEST(arma::approx_equal(scale(arma::mat(arma::vec{1, 2})), arma::mat{{1, 2}, {6, 8}}, "absdiff", 0));
  BOOST_TEST(arma::approx_equal(scale(own_tape.parameter(gain)), scale(gain), "absdiff", 0));
}

BOOST_FIXTURE_TEST_CASE(a_parameter_as_a_value_gets_its_gradient, OnTape) {
  const td::Value s = tape.parameter(gain);
  const auto [d, p] = td::apply(DifferenceAndProductOp{}, s, tape.input(column(2, 5)));
  tape.backward({p, column(1, 10)});
  BOOST_TEST(equal(store.gradients().of<double>(gain), column(2, 50)));
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
