#include "tapedeck/check/gradient_check.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <sstream>

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
using td::Fault;
using test::complaint;
using test::contains;

namespace {

// Custom ops as a user would write them; the mistakes are in the vjps.

struct ScaleOp {
  static constexpr auto name = "scale";
  static constexpr td::Signature signature = "s(f,1)* x(f,b)* -> y(f,b)";
  void forward(auto& y, const auto& s, const auto& x) const { y = arma::diagmat(s.col(0)) * x; }
  void vjp(auto& ds, auto& dx, const auto& dy, const auto& s, const auto& x) const {
    ds += arma::sum(dy % x, 1);
    dx += arma::diagmat(s.col(0)) * dy;
  }
};

// y = x^3, whose vjp is told what to do wrong.
enum class Wrong {
  nothing,
  sign,
  factor,
  factor_by_a_hair,
  output_for_input,
  overwrite,
  unwanted_state,
  single_sample,
  many_samples
};
struct CubeOp {
  static constexpr auto name = "cube";
  static constexpr td::Signature signature = "x(f,b)* -> y(f,b)*";
  Wrong wrong = Wrong::nothing;
  double size = 1;
  int* replays = nullptr;

  void forward(auto& y, const auto& x) const {
    td::map([this](auto v) { return static_cast<decltype(v)>(size) * v * v * v; }, x).into(y);
  }
  void vjp(auto& dx, const auto& dy, const auto& x, const auto& y) const {
    using T = typename std::remove_cvref_t<decltype(x)>::elem_type;
    const bool single = x.n_cols == 1;
    T factor = static_cast<T>(3 * size);
    if (wrong == Wrong::sign) factor = -factor;
    if (wrong == Wrong::factor) factor *= static_cast<T>(1 + 1e-7);
    if (wrong == Wrong::factor_by_a_hair) factor *= static_cast<T>(1 + 5e-9);
    if (wrong == Wrong::single_sample && single) factor *= 2;
    if (wrong == Wrong::many_samples && !single) factor /= static_cast<T>(x.n_cols);
    if (wrong == Wrong::unwanted_state) factor *= static_cast<T>(++*replays);
    T* sum = dx.accumulate();
    for (td::Index i = 0; sum != nullptr && i < x.n_elem; ++i) {
      const T v = wrong == Wrong::output_for_input ? y[i] : x[i];
      const T pulled = factor * v * v * dy[i];
      if (wrong == Wrong::overwrite) {
        sum[i] = pulled;
      } else {
        sum[i] += pulled;
      }
    }
  }
};

td::GradientReport check_cube(const CubeOp& op) {
  return td::check_gradient([=](const td::Value& x) { return td::apply(op, x); }, {td::Shape{3, 4}});
}

// y = x^2 + x
struct MissingTermOp {
  static constexpr auto name = "missing_term";
  static constexpr td::Signature signature = "x(f,b)* -> y(f,b)";
  void forward(auto& y, const auto& x) const { y = x % x + x; }
  void vjp(auto& dx, const auto& dy, const auto& x) const { dx += 2 * x % dy; }
};

// y = W x + b
struct TransposedOp {
  static constexpr auto name = "transposed";
  static constexpr td::Signature signature = "w(m,n)* x(n,b)* -> y(m,b)";
  void forward(auto& y, const auto& w, const auto& x) const { y = w * x; }
  void vjp(auto& dw, auto& dx, const auto& dy, const auto& w, const auto& x) const {
    dw += dy * x.t();
    dx += w * dy;
  }
};
struct WrongAxisOp {
  static constexpr auto name = "wrong_axis";
  static constexpr td::Signature signature = "x(f,b) bias(f,1) -> y(f,b)";
  void forward(auto& y, const auto& x, const auto& bias) const {
    for (td::Index c = 0; c < x.n_cols; ++c) y.col(c) = x.col(c) + bias;
  }
  void vjp(auto& dx, auto& dbias, const auto& dy) const {
    dx += dy;
    dbias += arma::sum(dy, 0).t();
  }
};

struct UntouchedOp {
  static constexpr auto name = "forgetful";
  static constexpr td::Signature signature = "a(f,b) b(f,b) -> y(f,b)";
  void forward(auto& y, const auto& a, const auto& b) const { y = a + b; }
  void vjp(auto& da, auto& /*db*/, const auto& dy) const { da += dy; }
};

struct MeanForSumOp {
  static constexpr auto name = "mean_for_sum";
  static constexpr td::Signature signature = "x(f,b)* -> y(1,1)";
  void forward(auto& y, const auto& x) const { y(0, 0) = arma::accu(x); }
  void vjp(auto& dx, const auto& dy, const auto& x) const {
    const auto share = dy(0, 0) / static_cast<double>(x.n_elem);
    dx += td::map([=](auto) { return share; }, x);
  }
};

// Masks whose vjp draws anew, or whose forward does.
struct MaskOp {
  static constexpr auto name = "mask";
  static constexpr td::Signature signature = "x(f,b) -> y(f,b)";
  std::uint64_t forward_key;
  std::uint64_t vjp_key;
  int* draws;

  static void draw(auto& m, const auto& x, std::uint64_t key) {
    for (td::Index c = 0; c < x.n_cols; ++c) {
      for (td::Index r = 0; r < x.n_rows; ++r) {
        m(r, c) = td::Random(key).uniform(r, c) < 0.5 ? 0 : 2 * x(r, c);
      }
    }
  }
  void forward(auto& y, const auto& x) const {
    draw(y, x, forward_key + (draws == nullptr ? 0U : static_cast<unsigned>(++*draws)));
  }
  void vjp(auto& dx, const auto& dy) const {
    auto pulled = dy;
    draw(pulled, dy, vjp_key);
    dx += pulled;
  }
};

// A layer that remembers its last input.
struct ForgetfulTape {
  struct Op {
    static constexpr auto name = "square";
    static constexpr td::Signature signature = "x(f,b) -> y(f,b)";
    td::Matrix<double>* last;
    void forward(auto& y, const auto& x) const {
      *last = arma::conv_to<td::Matrix<double>>::from(x);
      y = x % x;
    }
    void vjp(auto& dx, const auto& dy) const {
      const auto& x = *last;
      dx += td::map([](auto d, auto v) { return 2 * d * v; }, dy, x);
    }
  };
  std::shared_ptr<td::Matrix<double>> last = std::make_shared<td::Matrix<double>>();
  td::Value operator()(const td::Value& x) const { return td::apply(Op{last.get()}, x); }
};

class Scale {
 public:
  Scale(const td::Scope& scope, td::Index features) : gain_(scope.add("gain", {features, 1}, td::ones)) {}
  td::Value operator()(const td::Value& x) const { return td::apply(ScaleOp{}, gain_, x); }

 private:
  td::Parameter gain_;
};

// Whether this fault is found, and no other.
bool only(const td::GradientReport& report, Fault fault) {
  BOOST_TEST_MESSAGE(report);
  for (const td::Finding& f : report.findings) {
    if (f.fault != fault) return false;
  }
  return !report.findings.empty();
}

}  // namespace

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
  BOOST_CHECK_THROW(td::check_gradient(store, layer, {td::Shape{3, 7}}), td::ShapeError);
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
  BOOST_TEST(store.next_pass() == 0);
}

BOOST_AUTO_TEST_CASE(other_seeds_draw_other_samples_and_the_same_seed_the_same) {
  const auto f = [](const td::Value& x) { return td::sigmoid(x); };
  const auto first = td::check_gradient(f, {td::Shape{3, 5}}, {.seed = 1});
  const auto again = td::check_gradient(f, {td::Shape{3, 5}}, {.seed = 1});
  const auto other = td::check_gradient(f, {td::Shape{3, 5}}, {.seed = 2});
  BOOST_TEST(first.worst.analytic == again.worst.analytic);
  BOOST_TEST(first.worst.analytic != other.worst.analytic);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(wrong)

BOOST_AUTO_TEST_CASE(the_cube_itself_is_right) { BOOST_TEST(check_cube({}).passed(), check_cube({})); }

BOOST_AUTO_TEST_CASE(a_flipped_sign) {
  const auto report = check_cube({Wrong::sign});
  BOOST_TEST(only(report, Fault::wrong_gradient));
  BOOST_TEST(report.worst.analytic * report.worst.numeric < 0);
  BOOST_TEST(report.worst.relative_error > 1);
  BOOST_TEST(contains(report.describe(), "gradient check failed: "));
  BOOST_TEST(contains(report.describe(), report.worst.place + ": analytic "));
  BOOST_TEST(contains(report.describe(), "12 of 12 derivatives of input 0 are wrong"));
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
  BOOST_TEST(only(check_cube({Wrong::output_for_input}), Fault::wrong_gradient));
}

BOOST_AUTO_TEST_CASE(a_gradient_that_is_overwritten) {
  const auto report = check_cube({Wrong::overwrite});
  BOOST_TEST(only(report, Fault::not_accumulated));
  BOOST_TEST(
      contains(report.describe(), "a gradient that was there before was not added to: input 0 (0,0) is "));
  BOOST_TEST(contains(report.describe(), "two uses on one tape do not add up: input 0 (0,0) is "));
}

BOOST_AUTO_TEST_CASE(a_vjp_that_changes_as_it_is_played) {
  int replays = 0;
  const auto report = check_cube({Wrong::unwanted_state, 1, &replays});
  BOOST_TEST(report.found(Fault::not_repeatable), report);
}

BOOST_AUTO_TEST_CASE(a_vjp_that_is_wrong_for_a_single_sample) {
  const auto report = check_cube({Wrong::single_sample});
  BOOST_TEST(only(report, Fault::wrong_gradient));
  BOOST_TEST(contains(report.describe(), "with a batch of one: input 0 ("));
}

BOOST_AUTO_TEST_CASE(a_vjp_that_is_wrong_for_several_samples) {
  const auto report = check_cube({Wrong::many_samples});
  BOOST_TEST(only(report, Fault::wrong_gradient));
  BOOST_TEST(!contains(report.describe(), "with a batch of one"));
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

BOOST_AUTO_TEST_CASE(a_kink_at_the_sample_and_one_beside_it) {
  const auto f = [](const td::Value& x) { return td::relu(x); };
  for (const double near : {0.0, 0.001, -0.004, 0.006, -0.008}) {
    const td::Matrix<double> x{{1, -2, near}, {3, 4, 5}};
    const auto report = td::check_gradient(f, {x}, {.batch_of_one = false});
    BOOST_TEST(only(report, Fault::kink), "at " << near << ": " << report);
    BOOST_TEST(
        contains(report.describe(), "at input 0 (0,2) the slopes to the right and to the left differ by"));
  }
  const td::Matrix<double> away{{1, -2, 0.02}, {3, 4, 5}};
  BOOST_TEST(td::check_gradient(f, {away}).passed());
}

BOOST_AUTO_TEST_CASE(a_kink_where_both_slopes_average_to_the_vjps_answer) {
  const auto f = [](const td::Value& x, const td::Value& t) { return td::l1(x, t, td::batch_sum); };
  const td::Matrix<double> t{{1, 2, 3}};
  BOOST_TEST(
      only(td::check_gradient(f, {td::Matrix<double>{{2, 1, 3}}, td::CheckInput::data(t)}), Fault::kink));
}

BOOST_AUTO_TEST_CASE(a_function_that_is_not_finite) {
  const auto f = [](const td::Value& x) { return 1e308 * (1e10 * x); };
  BOOST_TEST(only(td::check_gradient(f, {td::Shape{3, 4}}), Fault::not_finite));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(misuse)

BOOST_AUTO_TEST_CASE(options_out_of_range) {
  const auto f = [](const td::Value& x) { return td::tanh(x); };
  const auto with = [&](const td::GradientCheckOptions& options) {
    return complaint<td::OptionError>([&] { td::check_gradient(f, {td::Shape{2, 3}}, options); });
  };
  BOOST_TEST(with({.tolerance = 0}) == "check_gradient: tolerance 0; expected a positive number");
  BOOST_TEST(with({.tolerance = std::nan("")}) ==
             "check_gradient: tolerance nan; expected a positive number");
  BOOST_TEST(with({.step = -1}) == "check_gradient: step -1; expected a positive number");
}

BOOST_AUTO_TEST_CASE(a_name_that_is_not_in_the_store) {
  td::ParameterStore store;
  const Scale layer{store.scope("scale"), 2};
  BOOST_TEST(complaint<td::NameError>([&] {
               td::check_gradient(store, layer, {td::Shape{2, 3}}, {.under = "sca"});
             }) == "check_gradient: no parameter at or under \"sca\"; expected a name in the store");
}

BOOST_AUTO_TEST_CASE(the_wrong_number_of_inputs) {
  const auto f = [](const td::Value& a, const td::Value& b) { return a + b; };
  BOOST_TEST(complaint<td::OptionError>([&] {
               td::check_gradient(f, {td::Shape{2, 3}});
             }) == "check_gradient: 1 inputs; expected 2, as many Values as the function takes");
}

BOOST_AUTO_TEST_CASE(inputs_without_a_common_batch) {
  const auto f = [](const td::Value& w, const td::Value& x) { return td::product(w, x); };
  BOOST_TEST(contains(complaint<td::OptionError>([&] {
                        td::check_gradient(f, {td::Shape{2, 3}, td::Shape{3, 4}});
                      }),
                      "inputs without a common batch"));
}

BOOST_AUTO_TEST_CASE(errors_of_the_forward_pass_through) {
  const auto f = [](const td::Value& x) { return td::slice_rows(x, 1, 7); };
  BOOST_CHECK_THROW(td::check_gradient(f, {td::Shape{2, 3}}), td::ShapeError);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
