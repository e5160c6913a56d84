// Derivatives that are all zero: because nothing passes through what uses an input or parameter, or because
// terms cancel.

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <functional>
#include <string>

#include "check/custom_ops.hpp"
#include "support/complaint.hpp"
#include "tapedeck/check/gradient_check.hpp"
#include "tapedeck/layers/activation.hpp"
#include "tapedeck/layers/linear.hpp"
#include "tapedeck/layers/normalization.hpp"
#include "tapedeck/layers/sequential.hpp"
#include "tapedeck/ops/activation.hpp"
#include "tapedeck/ops/affine.hpp"
#include "tapedeck/ops/arithmetic.hpp"
#include "tapedeck/ops/reduction.hpp"
#include "tapedeck/ops/softmax.hpp"

namespace td = tapedeck;
using namespace test;
using td::Fault;
using td::GradientReport;

BOOST_AUTO_TEST_SUITE(check)
BOOST_AUTO_TEST_SUITE(vacuous)

namespace {

constexpr int seeds = 20;
using CheckOfSeed = std::function<GradientReport(td::ParameterStore&, const td::GradientCheckOptions&)>;

bool notes(const GradientReport& report, const std::string& part) {
  for (const std::string& note : report.notes) {
    if (contains(note, part)) return true;
  }
  return false;
}

// Whether a check passes at every seed, with one note, of the derivatives of `leaf`.
void only_noted(const std::string& leaf, const CheckOfSeed& check) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    td::ParameterStore store{{.seed = seed}};
    const GradientReport report = check(store, {.seed = seed, .batch_of_one = false});
    BOOST_TEST(report.passed(), "seed " << seed << ": " << report);
    BOOST_TEST(report.notes.size() == 1U, "seed " << seed << ": " << report);
    BOOST_TEST(notes(report, "every derivative with respect to " + leaf + " vanishes, though "),
               "seed " << seed << ": " << report);
  }
}
// Whether nothing but vacuous leaves is found at every seed, as many of them as is said.
void only_vacuous(std::size_t count, const CheckOfSeed& check) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    td::ParameterStore store{{.seed = seed}};
    const GradientReport report = check(store, {.seed = seed, .batch_of_one = false});
    BOOST_TEST(only(report, Fault::vacuous));
    BOOST_TEST(report.findings.size() == count, "seed " << seed << ": " << report);
    BOOST_TEST(report.notes.empty(), "seed " << seed << ": " << report);
  }
}

// Scores of attention: s = k' q, of each key (a column of k) for each query (a column of q).
struct ScoresOp {
  static constexpr auto name = "scores";
  static constexpr td::Signature signature = "k(f,t)* q(f,b)* -> s(t,b)";
  void forward(auto& s, const auto& k, const auto& q) const { s = k.t() * q; }
  void vjp(auto& dk, auto& dq, const auto& ds, const auto& k, const auto& q) const {
    dk += q * ds.t();
    dq += k * ds;
  }
};

// y = x^2
struct SquareOp {
  static constexpr auto name = "square";
  static constexpr td::Signature signature = "x(f,b)* -> y(f,b)";
  void forward(auto& y, const auto& x) const { y = x % x; }
  void vjp(auto& dx, const auto& dy, const auto& x) const { dx += 2 * x % dy; }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_bias_before_a_batch_normalisation) {
  only_noted("fc.bias", [](td::ParameterStore& store, const td::GradientCheckOptions& options) {
    const td::Sequential model{td::Linear{store.scope("fc"), 4, 3}, td::BatchNorm{store.scope("norm"), 3},
                               td::Tanh{}};
    return td::check_gradient(store, model, {td::Shape{4, 6}}, options);
  });
}

BOOST_AUTO_TEST_CASE(a_bias_before_a_batch_normalisation_within_a_recomputation) {
  only_noted("fc.bias", [](td::ParameterStore& store, const td::GradientCheckOptions& options) {
    const td::Sequential model{td::Linear{store.scope("fc"), 4, 3}, td::BatchNorm{store.scope("norm"), 3},
                               td::Tanh{}};
    const auto f = [=](const td::Value& x) { return x.tape().recompute(model, x); };
    return td::check_gradient(store, f, {td::Shape{4, 6}}, options);
  });
}

// It shifts all scores of a query alike, and softmax does not see that.
BOOST_AUTO_TEST_CASE(a_bias_of_the_keys_of_attention) {
  only_noted("keys.bias", [](td::ParameterStore& store, const td::GradientCheckOptions& options) {
    const td::Linear keys{store.scope("keys"), 4, 3};
    const td::Linear queries{store.scope("queries"), 4, 3};
    const auto f = [=](const td::Value& x) {
      return td::softmax(td::apply(ScoresOp{}, keys(x), queries(x)));
    };
    return td::check_gradient(store, f, {td::Shape{4, 6}}, options);
  });
}

// The outputs of the layer are large and those of the normalisation are not, so that the former round more.
BOOST_AUTO_TEST_CASE(a_bias_before_a_batch_normalisation_of_a_large_mean) {
  only_noted("fc.bias", [](td::ParameterStore& store, const td::GradientCheckOptions& options) {
    const td::Sequential model{td::Linear{store.scope("fc"), 4, 3}, td::BatchNorm{store.scope("norm"), 3},
                               td::Tanh{}};
    return td::check_gradient(store, model, {td::CheckInput::uniform({4, 6}, 10, 11)}, options);
  });
}

BOOST_AUTO_TEST_CASE(a_bias_of_two_networks_that_are_subtracted) {
  only_noted("fc.bias", [](td::ParameterStore& store, const td::GradientCheckOptions& options) {
    const td::Linear layer{store.scope("fc"), 4, 3};
    const auto f = [=](const td::Value& a, const td::Value& b) { return td::tanh(layer(a) - layer(b)); };
    return td::check_gradient(store, f, {td::Shape{4, 6}, td::Shape{4, 6}}, options);
  });
}

BOOST_AUTO_TEST_CASE(an_input_whose_uses_cancel) {
  only_noted("input 1", [](td::ParameterStore& store, const td::GradientCheckOptions& options) {
    const auto f = [](const td::Value& a, const td::Value& b) {
      return td::tanh(a) + td::sigmoid(b) - td::sigmoid(b);
    };
    return td::check_gradient(store, f, {td::Shape{4, 6}, td::Shape{4, 6}}, options);
  });
}

BOOST_AUTO_TEST_CASE(a_layer_whose_units_are_dead) {
  only_vacuous(2, [](td::ParameterStore& store, const td::GradientCheckOptions& options) {
    const td::Linear dead{store.scope("dead"), 4, 3, {.bias_values = td::constant(-100)}};
    const td::Linear alive{store.scope("alive"), 4, 3};
    const auto f = [=](const td::Value& x) { return td::relu(dead(x)) + td::tanh(alive(x)); };
    return td::check_gradient(store, f, {td::Shape{4, 6}}, options);
  });
}

// Its record receives a cotangent, but what it gives does not depend on the input.
BOOST_AUTO_TEST_CASE(an_input_that_its_op_does_not_depend_on) {
  only_vacuous(1, [](td::ParameterStore& store, const td::GradientCheckOptions& options) {
    const auto f = [](const td::Value& a, const td::Value& b) { return td::tanh(a) + td::relu(b); };
    const auto negative = td::CheckInput::uniform({4, 6}, -2, -1);
    return td::check_gradient(store, f, {td::Shape{4, 6}, negative}, options);
  });
}

BOOST_AUTO_TEST_CASE(a_parameter_at_a_stationary_point) {
  only_vacuous(1, [](td::ParameterStore& store, td::GradientCheckOptions options) {
    options.unsettle = false;
    const td::Parameter p = store.add("p", {3, 1}, td::zeros);
    const auto f = [=](const td::Value& x) {
      return td::affine(x.tape().input(td::Matrix<double>(3, 3, arma::fill::eye)),
                        td::apply(SquareOp{}, x.tape().parameter(p)), td::tanh(x));
    };
    return td::check_gradient(store, f, {td::Shape{3, 6}}, options);
  });
}

// What shifts all arguments of a softmax alike receives a cotangent of zero but for rounding.
BOOST_AUTO_TEST_CASE(a_parameter_whose_cotangent_is_rounding) {
  only_vacuous(1, [](td::ParameterStore& store, const td::GradientCheckOptions& options) {
    const td::Linear layer{store.scope("fc"), 4, 3};
    const td::Parameter shift = store.add("shift", {1, 4}, td::normal(1));
    const auto f = [=](const td::Value& x) {
      const td::Value ones = x.tape().input(td::Matrix<double>(3, 1, arma::fill::ones));
      return td::softmax(layer(x) + td::product(ones, td::product(shift, x)));
    };
    return td::check_gradient(store, f, {td::Shape{4, 6}}, options);
  });
}

BOOST_AUTO_TEST_CASE(notes_are_described) {
  td::ParameterStore store;
  const td::Sequential model{td::Linear{store.scope("fc"), 4, 3}, td::BatchNorm{store.scope("norm"), 3}};
  const auto report = td::check_gradient(store, model, {td::Shape{4, 6}});
  BOOST_TEST(report.passed(), report);
  BOOST_TEST(report.notes.size() == 2U, report);
  BOOST_TEST(contains(report.describe(),
                      "\n  note: every derivative with respect to fc.bias vanishes, though fc (affine) "
                      "depends on it and passes something on: what reaches the outputs cancels"));
  BOOST_TEST(contains(
      report.describe(),
      "\n  note: a batch of one is not checked, as the forward refuses it: norm (batch_norm): x is 3x1"));
}

// --- A batch of one that the forward refuses

BOOST_AUTO_TEST_CASE(a_batch_of_one_that_is_refused_is_left_out) {
  td::ParameterStore store;
  const td::BatchNorm layer{store.scope("norm"), 3};
  const auto report = td::check_gradient(store, layer, {td::Shape{3, 7}});
  BOOST_TEST(report.passed(), report);
  BOOST_TEST(report.notes.size() == 1U);
  BOOST_TEST(notes(report, "a batch of one is not checked, as the forward refuses it: batch_norm: x is 3x1"));
  BOOST_TEST(td::check_gradient(store, layer, {td::Shape{3, 7}}, {.batch_of_one = false}).notes.empty());
  // So is what is refused for all batches.
  BOOST_CHECK_THROW(td::check_gradient(store, layer, {td::Shape{3, 1}}), td::ShapeError);
}

// y = 2 x, by a copy of the second column if there are several, or even if there is one.
struct SecondColumnOp {
  static constexpr auto name = "second_column";
  static constexpr td::Signature signature = "x(f,b) -> y(f,b)";
  void forward(auto& y, const auto& x) const {
    y = 2 * x;
    y.col(1) = 2 * x.col(1);
  }
  void vjp(auto& dx, const auto& dy) const { dx += 2 * dy; }
};

BOOST_AUTO_TEST_CASE(a_forward_that_is_broken_for_a_batch_of_one_is_not_left_out) {
  BOOST_CHECK_THROW(td::check_gradient(SecondColumnOp{}, {td::Shape{3, 4}}), td::ContractError);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
