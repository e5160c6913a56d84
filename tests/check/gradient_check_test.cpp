#include "tapedeck/check/gradient_check.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <sstream>

#include "check/custom_ops.hpp"
#include "support/complaint.hpp"
#include "tapedeck/layers/dropout.hpp"
#include "tapedeck/layers/linear.hpp"
#include "tapedeck/layers/normalization.hpp"
#include "tapedeck/layers/sequential.hpp"
#include "tapedeck/ops/activation.hpp"
#include "tapedeck/ops/affine.hpp"
#include "tapedeck/ops/arithmetic.hpp"
#include "tapedeck/ops/loss.hpp"
#include "tapedeck/ops/shape.hpp"
#include "tapedeck/tape/op.hpp"

namespace td = tapedeck;
using namespace test;
using td::Cause;
using td::Fault;

BOOST_AUTO_TEST_SUITE(check)
BOOST_AUTO_TEST_SUITE(gradient_check)

BOOST_AUTO_TEST_SUITE(right)

BOOST_AUTO_TEST_CASE(a_custom_layer_passes_and_is_described) {
  td::ParameterStore store;
  const Scale layer{store.scope("scale"), 3};
  const td::GradientReport report = td::check_gradient(store, layer, {td::Shape{3, 5}});
  BOOST_TEST(report.passed(), report);
  BOOST_TEST(report.compared == 15 + 3 + 3 + 3);
  BOOST_TEST(report.worst.relative_error < 1e-10);
  BOOST_TEST(
      contains(report.describe(), "gradient check passed: 24 derivatives compared, largest relative error "));
  std::ostringstream text;
  text << report;
  BOOST_TEST(text.str() == report.describe());
}

BOOST_AUTO_TEST_CASE(models_losses_and_random_layers_pass) {
  td::ParameterStore store;
  const td::Sequential model{td::Linear{store.scope("fc_1"), 4, 6},
                             [](const td::Value& x) { return td::tanh(x); },
                             td::LayerNorm{store.scope("norm"), 6}, td::Dropout{{.probability = 0.3}},
                             td::Linear{store.scope("fc_2"), 6, 3}};
  const auto plain = td::check_gradient(store, model, {td::Shape{4, 5}});
  BOOST_TEST(plain.passed(), plain);

  const auto loss = [model](const td::Value& x, const td::Value& labels) {
    return td::cross_entropy(model(x), labels, td::batch_mean);
  };
  const auto report = td::check_gradient(store, loss, {td::Shape{4, 5}, td::IndexMatrix{{0, 2, 1, 1, 0}}});
  BOOST_TEST(report.passed(), report);
}

BOOST_AUTO_TEST_CASE(batch_statistics_pass_without_a_batch_of_one) {
  td::ParameterStore store;
  const td::BatchNorm layer{store.scope("norm"), 3};
  const auto report = td::check_gradient(store, layer, {td::Shape{3, 7}}, {.batch_of_one = false});
  BOOST_TEST(report.passed(), report);
}

BOOST_AUTO_TEST_CASE(every_form_of_function_is_taken) {
  const td::Shape s{2, 3};
  const auto two = [](const td::Value& a, const td::Value& b) { return a % b; };
  const auto three = [](const td::Value& a, const td::Value& b, const td::Value& c) { return a % b - c; };
  const auto four = [](const td::Value& a, td::Value b, td::Value c, td::Value d) { return a % b - c % d; };
  const auto any = [](td::Tape& tape, const std::vector<td::Value>& in) {
    return in.at(0) % tape.input(td::Matrix<double>{{1, 2, 3}, {4, 5, 6}});
  };
  BOOST_TEST(td::check_gradient(two, {s, s}).passed());
  BOOST_TEST(td::check_gradient(three, {s, s, s}).passed());
  BOOST_TEST(td::check_gradient(four, {s, s, s, s}).passed());
  BOOST_TEST(td::check_gradient(any, {s}, {.batch_of_one = false}).passed());
}

BOOST_AUTO_TEST_CASE(data_is_not_differentiated) {
  const auto cut = [](const td::Value& a, const td::Value& b) { return a % td::detach(b); };
  const auto b = td::CheckInput::data({{1, 2, 3}, {4, 5, 6}});
  BOOST_TEST(td::check_gradient(cut, {td::Shape{2, 3}, b}).passed());
  BOOST_TEST(!td::check_gradient(cut, {td::Shape{2, 3}, td::Shape{2, 3}}).passed());
}

BOOST_AUTO_TEST_CASE(the_store_is_left_as_it_was) {
  td::ParameterStore store;
  const Scale layer{store.scope("scale"), 3};
  BOOST_TEST(td::check_gradient(store, layer, {td::Shape{3, 5}}).passed());
  BOOST_TEST(arma::all(arma::vectorise(store.parameter("scale.gain").value<float>()) == 1.0F));
  BOOST_TEST(store.gradients().norm() == 0);
  BOOST_TEST(store.internals().next_pass() == 0);
}

BOOST_AUTO_TEST_CASE(several_outputs_are_checked_in_one_call) {
  const auto both = [](const td::Value& x) { return td::apply(SquareAndSumOp{}, x); };
  const auto report = td::check_gradient(both, {td::Shape{3, 4}});
  BOOST_TEST(report.passed(), report);
  const auto listed = [](const td::Value& x) { return std::vector<td::Value>{td::tanh(x), x % x}; };
  BOOST_TEST(td::check_gradient(listed, {td::Shape{3, 4}}).passed());
  const auto by_tape = [=](td::Tape&, const std::vector<td::Value>& in) { return both(in.at(0)); };
  BOOST_TEST(td::check_gradient(by_tape, {td::Shape{3, 4}}).passed());
  const auto wrong = [](const td::Value& x) { return td::apply(SquareAndSumOp{.forgotten = true}, x); };
  const auto failed = td::check_gradient(wrong, {td::Shape{3, 4}});
  BOOST_TEST(only(failed, Fault::wrong_gradient));
  BOOST_TEST(contains(failed.describe(), "what is missing is the cotangent of output 1"));
}

BOOST_AUTO_TEST_CASE(inputs_are_drawn_as_is_said) {
  const auto log = [](const td::Value& x) { return td::apply(LogOp{}, x); };
  BOOST_TEST(td::check_gradient(log, {td::CheckInput::uniform({3, 5}, 0.1, 2)}).passed());
  BOOST_TEST(td::check_gradient(log, {td::Shape{3, 5}}).found(Fault::not_finite));

  const auto drawn =
      std::get<td::Matrix<double>>(td::CheckInput::uniform({30, 50}, 0.1, 2).elements(td::Random(1)));
  BOOST_TEST((td::shape_of(drawn) == td::Shape{30, 50}));
  BOOST_TEST(drawn.min() >= 0.1);
  BOOST_TEST(drawn.min() < 0.11);  // missed by 1500 draws once in e^8
  BOOST_TEST(drawn.max() < 2);
  BOOST_TEST(drawn.max() > 1.99);
  BOOST_TEST(td::CheckInput::uniform({1, 1}, 0, 1).differentiated());

  const auto labels = std::get<td::IndexMatrix>(td::CheckInput::labels(3, 50).elements(td::Random(1)));
  BOOST_TEST((td::shape_of(labels) == td::Shape{1, 50}));
  for (const td::Index label : {0U, 1U, 2U}) BOOST_TEST(arma::any(labels.row(0) == label));
  BOOST_TEST(labels.max() == 2U);
  BOOST_TEST(!td::CheckInput::labels(3, 50).differentiated());

  const auto loss = [](const td::Value& x, const td::Value& t) {
    return td::cross_entropy(x, t, td::batch_mean);
  };
  const auto report = td::check_gradient(loss, {td::Shape{4, 5}, td::CheckInput::labels(4, 5)});
  BOOST_TEST(report.passed(), report);
}

BOOST_AUTO_TEST_CASE(other_seeds_draw_other_samples_and_the_same_seed_the_same) {
  const auto f = [](const td::Value& x) { return td::sigmoid(x); };
  const auto first = td::check_gradient(f, {td::Shape{3, 5}}, {.seed = 1});
  const auto again = td::check_gradient(f, {td::Shape{3, 5}}, {.seed = 1});
  const auto other = td::check_gradient(f, {td::Shape{3, 5}}, {.seed = 2});
  BOOST_TEST(first.worst.analytic == again.worst.analytic);
  BOOST_TEST(first.worst.analytic != other.worst.analytic);
}

BOOST_AUTO_TEST_CASE(an_op_is_checked_as_it_is) {
  const auto report =
      td::check_gradient(ScaleOp{}, {td::Shape{3, 1}, td::Shape{3, 4}}, {.batch_of_one = false});
  BOOST_TEST(report.passed(), report);
  BOOST_TEST(report.compared == 3 + 12);
  BOOST_TEST(!td::check_gradient(CubeOp{Wrong::sign}, {td::Shape{3, 4}}).passed());
  BOOST_TEST(contains(complaint<td::OptionError>([] {
                        td::check_gradient(ScaleOp{}, {td::Shape{3, 4}});
                      }),
                      "check_gradient: 1 inputs; expected 2"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(wrong)

// The cotangent of s is forgotten where nobody wants that of x.
struct EntangledOp : ScaleOp {
  void vjp(auto& ds, auto& dx, const auto& dy, const auto& s, const auto& x) const {
    if (dx.wanted()) {
      ds += arma::sum(dy % x, 1);
    } else {
      ds += 2 * arma::sum(dy % x, 1);
    }
    dx += arma::diagmat(s.col(0)) * dy;
  }
};

BOOST_AUTO_TEST_CASE(a_cotangent_that_depends_on_whether_another_is_wanted) {
  const auto report =
      td::check_gradient(EntangledOp{}, {td::Shape{3, 1}, td::Shape{3, 4}}, {.batch_of_one = false});
  BOOST_TEST(only(report, Fault::wrong_gradient));
  BOOST_TEST(
      contains(report.describe(), "where nobody wants the other cotangents, this one changes: input 0 ("));
}

// A mean where a sum is due, of an op whose inputs have no batch in common.
struct AveragedOp : ScaleOp {
  void vjp(auto& ds, auto& dx, const auto& dy, const auto& s, const auto& x) const {
    ds += arma::mean(dy % x, 1);
    dx += arma::diagmat(s.col(0)) * dy;
  }
};

BOOST_AUTO_TEST_CASE(a_mean_for_a_sum_where_inputs_have_no_common_batch) {
  const auto report =
      td::check_gradient(AveragedOp{}, {td::Shape{3, 1}, td::Shape{3, 5}}, {.batch_of_one = false});
  BOOST_TEST(report.found(Cause::scaled_by_batch), report);
}

BOOST_AUTO_TEST_CASE(the_cube_itself_is_right) { BOOST_TEST(check_cube({}).passed(), check_cube({})); }

BOOST_AUTO_TEST_CASE(a_flipped_sign) {
  const auto report = check_cube({Wrong::sign});
  BOOST_TEST(only(report, Fault::wrong_gradient));
  BOOST_TEST(report.worst.analytic * report.worst.numeric < 0);
  BOOST_TEST(report.worst.relative_error > 1);
  BOOST_TEST(contains(report.describe(), "gradient check failed: "));
  BOOST_TEST(contains(report.describe(), report.worst.place + ": analytic "));
  BOOST_TEST(contains(report.describe(), "12 of 12 derivatives of input 0 are wrong"));
  BOOST_TEST(contains(report.describe(), "wrong gradient (sign flipped): input 0 ("));
}

BOOST_AUTO_TEST_CASE(a_factor_that_is_nearly_one) {
  BOOST_TEST(only(check_cube({Wrong::factor}), Fault::wrong_gradient));
}

BOOST_AUTO_TEST_CASE(small_gradients_are_checked_too) {
  BOOST_TEST(check_cube({Wrong::nothing, 1e-12}).passed());
  const auto report = check_cube({Wrong::factor, 1e-12});
  BOOST_TEST(only(report, Fault::wrong_gradient));
  BOOST_TEST(report.worst.relative_error > 5e-8);
}

BOOST_AUTO_TEST_CASE(what_no_single_element_shows_a_direction_does) {
  const auto report = check_cube({Wrong::factor_by_a_hair});
  BOOST_TEST(only(report, Fault::wrong_gradient));
  BOOST_TEST(contains(report.describe(), "along a random direction: analytic "));
  BOOST_TEST(report.worst.relative_error < 1e-8);
}

BOOST_AUTO_TEST_CASE(the_output_where_the_input_is_due) {
  const auto report = check_cube({Wrong::output_for_input});
  BOOST_TEST(only(report, Fault::wrong_gradient));
  BOOST_TEST(report.found(Cause::unknown));  // also wrong for a batch of one, and no explanation fits
  BOOST_TEST(contains(report.describe(), "wrong gradient: input 0 ("));
}

BOOST_AUTO_TEST_CASE(a_gradient_that_is_overwritten) {
  const auto report = check_cube({Wrong::overwrite});
  BOOST_TEST(only(report, Fault::not_accumulated));
  BOOST_TEST(
      contains(report.describe(), "a gradient that was there before was not added to: input 0 (0,0) is "));
  BOOST_TEST(report.findings.size() == 1U);  // not told again of the second use, nor of the batch of one
}

BOOST_AUTO_TEST_CASE(a_second_use_that_is_lost) {
  int uses = 0;
  const auto f = [&](td::Tape& tape, const std::vector<td::Value>& in) {
    const bool again = tape.mark() == 2;  // the input is on the tape, and a first output
    uses = again ? 2 : 1;
    return td::apply(OnceOp{&uses, !again}, in[0]);
  };
  const auto report = td::check_gradient(f, {td::Shape{3, 4}});
  BOOST_TEST(only(report, Fault::not_accumulated));
  BOOST_TEST(contains(report.describe(), "two uses on one tape do not add up: input 0 (0,0) is "));
}

BOOST_AUTO_TEST_CASE(a_vjp_that_changes_as_it_is_played) {
  int replays = 0;
  const auto report = check_cube({Wrong::unwanted_state, 1, &replays});
  BOOST_TEST(report.found(Fault::not_repeatable), report);
  BOOST_TEST(!report.found(Fault::not_accumulated), report);  // nothing can be compared with such a gradient
  BOOST_TEST(!report.found(Fault::state_kept), report);
}

BOOST_AUTO_TEST_CASE(a_vjp_that_is_wrong_for_a_single_sample) {
  const auto report = check_cube({Wrong::single_sample});
  BOOST_TEST(only(report, Fault::wrong_gradient));
  BOOST_TEST(contains(report.describe(), "with a batch of one: input 0 ("));
  BOOST_TEST(contains(report.describe(), "they are 2 times the right ones"));
}

BOOST_AUTO_TEST_CASE(a_vjp_that_is_wrong_for_several_samples) {
  const auto report = check_cube({Wrong::many_samples});
  BOOST_TEST(only(report, Fault::wrong_gradient));
  BOOST_TEST(!contains(report.describe(), "with a batch of one"));
  BOOST_TEST(report.found(Cause::scaled_by_batch));
  BOOST_TEST(contains(report.describe(), "they are 1/4 of the right ones, and there are 4 samples"));
}

BOOST_AUTO_TEST_CASE(a_vjp_that_is_right_for_a_single_sample_only) {
  const auto report = check_cube({Wrong::many_samples_in_another_way});
  BOOST_TEST(only(report, Fault::wrong_gradient));
  BOOST_TEST(report.found(Cause::one_sample_only));
  BOOST_TEST(contains(report.describe(), "wrong gradient (right for one sample only): input 0 ("));
  BOOST_TEST(contains(report.describe(), "; those of a batch of one are right"));
}

BOOST_AUTO_TEST_CASE(a_missing_term) {
  const auto f = [](const td::Value& x) { return td::apply(MissingTermOp{}, x); };
  BOOST_TEST(only(td::check_gradient(f, {td::Shape{3, 4}}), Fault::wrong_gradient));
}

BOOST_AUTO_TEST_CASE(a_mean_where_a_sum_is_due) {
  const auto f = [](const td::Value& x) { return td::apply(MeanForSumOp{}, x); };
  BOOST_TEST(only(td::check_gradient(f, {td::Shape{3, 4}}), Fault::wrong_gradient));
}

BOOST_AUTO_TEST_CASE(a_transposed_product) {
  const auto f = [](const td::Value& w, const td::Value& x) { return td::apply(TransposedOp{}, w, x); };
  const td::GradientCheckOptions options{.batch_of_one = false};
  const auto oblong = td::check_gradient(f, {td::Shape{3, 2}, td::Shape{2, 5}}, options);
  BOOST_TEST(only(oblong, Fault::broken_vjp));
  BOOST_TEST(contains(oblong.describe(), "expected"));
  const auto square = td::check_gradient(f, {td::Shape{3, 3}, td::Shape{3, 5}}, options);
  BOOST_TEST(only(square, Fault::wrong_gradient));
  BOOST_TEST(square.worst.place.starts_with("input 1 ("));
}

BOOST_AUTO_TEST_CASE(a_bias_summed_over_the_wrong_axis) {
  const auto f = [](const td::Value& x, const td::Value& bias) { return td::apply(WrongAxisOp{}, x, bias); };
  const td::GradientCheckOptions options{.batch_of_one = false};
  BOOST_TEST(only(td::check_gradient(f, {td::Shape{3, 4}, td::Shape{3, 1}}, options), Fault::broken_vjp));
  BOOST_TEST(only(td::check_gradient(f, {td::Shape{3, 3}, td::Shape{3, 1}}, options), Fault::wrong_gradient));
}

BOOST_AUTO_TEST_CASE(an_input_that_the_vjp_forgets) {
  const auto f = [](const td::Value& a, const td::Value& b) { return td::apply(UntouchedOp{}, a, b); };
  const auto report = td::check_gradient(f, {td::Shape{3, 4}, td::Shape{3, 4}});
  BOOST_TEST(only(report, Fault::broken_vjp));
  BOOST_TEST(contains(report.describe(), "forgetful: db was left untouched by the vjp"));
}

BOOST_AUTO_TEST_CASE(a_mask_drawn_anew_in_the_vjp) {
  const auto mask = [](const MaskOp& op) {
    return td::check_gradient([=](const td::Value& x) { return td::apply(op, x); }, {td::Shape{3, 4}},
                              {.batch_of_one = false});
  };
  BOOST_TEST(mask({1, 1, nullptr}).passed());
  BOOST_TEST(only(mask({1, 2, nullptr}), Fault::wrong_gradient));
}

BOOST_AUTO_TEST_CASE(randomness_of_its_own) {
  int draws = 0;
  const auto f = [&](const td::Value& x) { return td::apply(MaskOp{1, 1, &draws}, x); };
  BOOST_TEST(only(td::check_gradient(f, {td::Shape{3, 4}}), Fault::not_repeatable));
}

BOOST_AUTO_TEST_CASE(state_kept_in_the_layer) {
  const auto report = td::check_gradient(ForgetfulTape{}, {td::Shape{3, 4}});
  BOOST_TEST(only(report, Fault::state_kept));
  BOOST_TEST(contains(report.describe(),
                      "another forward before the backward changed the gradient: input 0 (0,0) is "));
}

// y = x of each sample's labelled row; the labels of the last forward are kept.
struct LabelledOp {
  static constexpr auto name = "labelled";
  static constexpr td::Signature signature = "x(f,b) t(1,b):index -> y(1,b)";
  td::IndexMatrix* last;
  void forward(auto& y, const auto& x, const auto& t) const {
    *last = t;
    for (td::Index c = 0; c < x.n_cols; ++c) y(0, c) = x(t(0, c), c);
  }
  void vjp(auto& dx, const auto& dy) const {
    dx += [&](auto& sum) {
      for (td::Index c = 0; c < dy.n_cols; ++c) sum((*last)(0, c), c) += dy(0, c);
    };
  }
};

BOOST_AUTO_TEST_CASE(labels_that_read_the_same_backwards_kept_in_the_layer) {
  td::IndexMatrix last;
  const auto f = [&](const td::Value& x, const td::Value& t) { return td::apply(LabelledOp{&last}, x, t); };
  const td::IndexMatrix labels{{0, 2, 1, 2, 0}};
  BOOST_TEST(only(td::check_gradient(f, {td::Shape{3, 5}, labels}), Fault::state_kept));
}

BOOST_AUTO_TEST_CASE(a_parameter_that_is_not_used) {
  td::ParameterStore store;
  const Scale layer{store.scope("scale"), 3};
  const Scale idle{store.scope("idle"), 3};
  const auto report = td::check_gradient(store, layer, {td::Shape{3, 5}});
  BOOST_TEST(only(report, Fault::untouched));
  BOOST_TEST(contains(report.describe(), "untouched: idle.gain is not used by the pass"));
  BOOST_TEST(td::check_gradient(store, layer, {td::Shape{3, 5}}, {.under = "scale"}).passed());
  store.freeze("idle");
  BOOST_TEST(td::check_gradient(store, layer, {td::Shape{3, 5}}).passed());
}

BOOST_AUTO_TEST_CASE(a_parameters_place_is_named) {
  struct Halved {
    td::Value operator()(const td::Value& x) const { return td::apply(WrongAxisOp{}, x, bias); }
    td::Parameter bias;
  };
  td::ParameterStore store;
  const Halved layer{store.scope("layer").add("shift", {4, 1}, td::zeros)};
  const auto report = td::check_gradient(store, layer, {td::Shape{4, 4}}, {.batch_of_one = false});
  BOOST_TEST(only(report, Fault::wrong_gradient));
  BOOST_TEST(report.worst.place.starts_with("layer.shift("));
  BOOST_TEST(report.worst.place.ends_with(",0)"));
}

BOOST_AUTO_TEST_CASE(inputs_where_everything_is_flat) {
  const auto f = [](const td::Value& x) { return td::relu(x); };
  BOOST_TEST(td::check_gradient(f, {td::Shape{3, 4}}).passed());
  const td::Matrix<double> dead{{-1, -1.5, -2}, {-1.2, -1.7, -1.1}};
  const auto report = td::check_gradient(f, {dead});
  BOOST_TEST(only(report, Fault::vacuous));
  BOOST_TEST(contains(report.describe(), "every derivative with respect to input 0 vanishes"));
}

BOOST_AUTO_TEST_CASE(an_input_that_nothing_depends_on) {
  const auto ignores = [](const td::Value& a, const td::Value&) { return td::tanh(a); };
  BOOST_TEST(only(td::check_gradient(ignores, {td::Shape{3, 4}, td::Shape{3, 4}}), Fault::vacuous));
  const auto cut = [](const td::Value& a) { return td::tanh(td::detach(a)); };
  BOOST_TEST(only(td::check_gradient(cut, {td::Shape{3, 4}}), Fault::vacuous));
}

BOOST_AUTO_TEST_CASE(a_gain_that_the_vjp_forgets_though_it_is_one) {
  const auto check = [](bool unsettle) {
    td::ParameterStore store;
    const td::Parameter gain = store.add("gain", {3, 1}, td::ones);
    const auto f = [=](const td::Value& x) { return td::apply(ForgottenGainOp{}, gain, x); };
    return td::check_gradient(store, f, {td::Shape{3, 4}}, {.unsettle = unsettle});
  };
  BOOST_TEST(check(false).passed());
  const auto report = check(true);
  BOOST_TEST(only(report, Fault::wrong_gradient));
  BOOST_TEST(report.found(Cause::missing_factor), report);
  BOOST_TEST(contains(report.describe(), "multiplied by gain they would be right"));
}

BOOST_AUTO_TEST_CASE(an_op_that_is_wrong_in_float_only) {
  const auto check = [](double epsilon, bool also) {
    const auto f = [=](const td::Value& x) { return td::apply(InverseOp{epsilon}, x); };
    return td::check_gradient(f, {td::Shape{3, 4}}, {.also_in_float = also});
  };
  BOOST_TEST(check(1, true).passed(), check(1, true));
  const auto infinite = check(1e-50, true);  // which float cannot hold
  BOOST_TEST(only(infinite, Fault::wrong_in_float));
  BOOST_TEST(contains(infinite.describe(), "wrong in float: float gives NaN or Inf"));
  BOOST_TEST(check(1e-50, false).passed());

  const auto coarse = [](const td::Value& x) { return td::apply(CoarseOp{}, x); };
  const auto other = td::check_gradient(coarse, {td::Shape{3, 4}});
  BOOST_TEST(only(other, Fault::wrong_in_float));
  BOOST_TEST(contains(other.describe(), " in float and "));

  const auto only_double = [](const td::Value& x) { return x % x.tape().input(x.matrix<double>()); };
  const auto thrown = td::check_gradient(only_double, {td::Shape{3, 4}}, {.tolerance = 0.9});
  BOOST_TEST(thrown.found(Fault::wrong_gradient), thrown);
  const auto reader = [](const td::Value& x) { return td::tanh(x) + 0 * x.matrix<double>()(0, 0) * x; };
  BOOST_TEST(only(td::check_gradient(reader, {td::Shape{3, 4}}), Fault::wrong_in_float));
}

BOOST_AUTO_TEST_CASE(a_report_of_many_findings_is_short) {
  td::ParameterStore store;
  const Scale layer{store.scope("scale"), 3};
  for (int i = 0; i < 12; ++i) Scale{store.scope("idle_" + std::to_string(i)), 3};
  const auto report = td::check_gradient(store, layer, {td::Shape{3, 5}});
  BOOST_TEST(report.findings.size() == 12U);
  const std::string text = report.describe();
  BOOST_TEST(std::count(text.begin(), text.end(), '\n') == 9);
  BOOST_TEST(contains(text, "\n  and 4 more findings"));
}

BOOST_AUTO_TEST_CASE(a_function_that_is_not_finite) {
  const auto f = [](const td::Value& x) { return 1e308 * (1e10 * x); };
  BOOST_TEST(only(td::check_gradient(f, {td::Shape{3, 4}}), Fault::not_finite));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
