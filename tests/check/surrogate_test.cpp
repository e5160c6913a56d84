// Ops whose vjp is not the derivative of their forward on purpose, and that say whose derivative it is.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>

#include "check/custom_ops.hpp"
#include "support/complaint.hpp"
#include "tapedeck/check/gradient_check.hpp"
#include "tapedeck/layers/linear.hpp"
#include "tapedeck/layers/sequential.hpp"
#include "tapedeck/ops/activation.hpp"
#include "tapedeck/ops/arithmetic.hpp"
#include "tapedeck/ops/dropout.hpp"
#include "tapedeck/ops/loss.hpp"
#include "tapedeck/tape/op.hpp"

namespace td = tapedeck;
using namespace test;
using td::Cause;
using td::Fault;
using td::GradientReport;

BOOST_AUTO_TEST_SUITE(check)
BOOST_AUTO_TEST_SUITE(surrogate)

namespace {

template <class M>
using Element = typename std::remove_cvref_t<M>::elem_type;

// Forwards y = x, backwards as if y = -strength x.
struct ReversalOp {
  static constexpr auto name = "reversal";
  static constexpr td::Signature signature = "x(f,b) -> y(f,b)";
  double strength = 0.3;
  double strength_of_vjp = 0.3;
  void forward(auto& y, const auto& x) const { y = x; }
  void surrogate(auto& y, const auto& x) const { y = x * -static_cast<Element<decltype(x)>>(strength); }
  void vjp(auto& dx, const auto& dy) const {
    dx += dy * -static_cast<Element<decltype(dy)>>(strength_of_vjp);
  }
};
// The same without saying so.
struct UndeclaredOp {
  static constexpr auto name = "undeclared";
  static constexpr td::Signature signature = "x(f,b) -> y(f,b)";
  void forward(auto& y, const auto& x) const { y = x; }
  void vjp(auto& dx, const auto& dy) const { dx += -dy; }
};

// Forwards the sign, backwards as if y = x; its surrogate may be told what to do wrong.
struct SignOp {
  static constexpr auto name = "sign";
  static constexpr td::Signature signature = "x(f,b) -> y(f,b)";
  enum class As { right, unset, changing } as = As::right;
  int* calls = nullptr;
  void forward(auto& y, const auto& x) const { y = arma::sign(x); }
  void surrogate(auto& y, const auto& x) const {
    if (calls != nullptr) ++*calls;
    if (as != As::unset) y = x;
    if (as == As::changing) y *= *calls;
  }
  void vjp(auto& dx, const auto& dy) const { dx += dy; }
};

// Forwards 0 or 1, 1 with the probability p = sigmoid(x); backwards as if y = p.
struct BernoulliOp {
  static constexpr auto name = "bernoulli";
  static constexpr td::Signature signature = "x(f,b) -> y(f,b) | p(f,b)";
  void forward(td::Context& context, auto& y, auto& p, const auto& x) const {
    surrogate(p, x);
    const td::Random random = context.random();
    for (td::Index c = 0; c < x.n_cols; ++c)
      for (td::Index r = 0; r < x.n_rows; ++r) y(r, c) = random.uniform(r, c) < p(r, c) ? 1 : 0;
  }
  void surrogate(auto& p, const auto& x) const { p = 1 / (1 + arma::exp(-x)); }
  void vjp(auto& dx, const auto& dy, const auto& p) const { dx += dy % p % (1 - p); }
};

// Forwards the place of the largest element of z = x + noise, as a column of 0 and 1 and as an index;
// backwards as if y = softmax(z).
struct ChoiceOp {
  static constexpr auto name = "choice";
  static constexpr td::Signature signature = "x(f,b) -> y(f,b) chosen(1,b):index | p(f,b)";
  void forward(td::Context& context, auto& y, auto& chosen, auto& p, const auto& x) const {
    surrogate(context, p, chosen, x);
    y.zeros();
    for (td::Index c = 0; c < x.n_cols; ++c) {
      chosen(0, c) = p.col(c).index_max();
      y(chosen(0, c), c) = 1;
    }
  }
  void surrogate(td::Context& context, auto& p, auto& /*chosen*/, const auto& x) const {
    const td::Random random = context.random();
    for (td::Index c = 0; c < x.n_cols; ++c) {
      for (td::Index r = 0; r < x.n_rows; ++r)
        p(r, c) = std::exp(x(r, c) + static_cast<Element<decltype(x)>>(random.normal(r, c)));
      p.col(c) /= arma::accu(p.col(c));
    }
  }
  void vjp(auto& dx, const auto& dy, const auto& /*dchosen*/, const auto& p) const {
    dx += [&](auto& sum) {
      for (td::Index c = 0; c < p.n_cols; ++c)
        sum.col(c) += p.col(c) % (dy.col(c) - arma::dot(dy.col(c), p.col(c)));
    };
  }
};

// y is rounded backwards as if it were x, and z = sign(x) as if it were x^3.
struct TwoOp {
  static constexpr auto name = "two";
  static constexpr td::Signature signature = "x(f,b)* -> y(f,b) z(f,b)";
  void forward(auto& y, auto& z, const auto& x) const {
    y = arma::round(x);
    z = arma::sign(x);
  }
  void surrogate(auto& y, auto& z, const auto& x) const {
    y = x;
    z = x % x % x;
  }
  void vjp(auto& dx, const auto& dy, const auto& dz, const auto& x) const { dx += dy + 3 * dz % x % x; }
};

constexpr td::Shape oblong{3, 4};
constexpr int seeds = 20;
using CheckOfSeed = std::function<GradientReport(td::ParameterStore&, const td::GradientCheckOptions&)>;

void passes(const CheckOfSeed& check) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    td::ParameterStore store{{.seed = seed}};
    const GradientReport report = check(store, {.seed = seed});
    BOOST_TEST(report.passed(), "seed " << seed << ": " << report);
    BOOST_TEST(report.compared > 0U);
  }
}
// Between two layers, so that something flows through values of the forward before and after it.
template <class Op>
CheckOfSeed within_a_model(const Op& op) {
  return [=](td::ParameterStore& store, const td::GradientCheckOptions& options) {
    const td::Linear before{store.scope("before"), 3, 4};
    const td::Linear after{store.scope("after"), 4, 2};
    const auto f = [=](const td::Value& x) {
      const td::Value y = td::apply(op, td::tanh(before(x)));
      return td::sigmoid(after(y % y + y));
    };
    return td::check_gradient(store, f, {oblong}, options);
  };
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_reversed_gradient) {
  BOOST_TEST(td::check_gradient(ReversalOp{}, {oblong}).passed());
  passes(within_a_model(ReversalOp{}));
  BOOST_TEST(only(td::check_gradient(UndeclaredOp{}, {oblong}), Fault::wrong_gradient));
}

BOOST_AUTO_TEST_CASE(a_declaration_that_does_not_fit_the_vjp) {
  const auto report = td::check_gradient(ReversalOp{0.3, 0.3001}, {oblong});
  BOOST_TEST(only(report, Fault::wrong_gradient));
  BOOST_TEST(report.found(Cause::scaled));
  BOOST_TEST(only(td::check_gradient(ReversalOp{0.3, -0.3}, {oblong}), Fault::wrong_gradient));
  td::ParameterStore store;
  BOOST_TEST(within_a_model(ReversalOp{0.3, 0.3001})(store, {}).found(Fault::wrong_gradient));
}

BOOST_AUTO_TEST_CASE(a_sign_that_is_passed_straight_through) {
  BOOST_TEST(td::check_gradient(SignOp{}, {oblong}).passed());
  passes(within_a_model(SignOp{}));
}

BOOST_AUTO_TEST_CASE(what_follows_has_the_values_of_the_forward) {
  // d/dx of (sign x)^2, straight through, is 2 sign x, and not 2 x.
  const auto f = [](const td::Value& x) {
    const td::Value y = td::apply(SignOp{}, x);
    return y % y;
  };
  BOOST_TEST(td::check_gradient(f, {oblong}).passed());
  td::ParameterStore store{{.scalar = td::f64}};
  td::Memory memory;
  td::Tape tape{store, memory};
  const td::Value x = tape.variable(td::Matrix<double>{{0.3, -2}});
  tape.backward({f(x), td::Matrix<double>{{1, 1}}});
  BOOST_TEST(x.cotangent<double>()[0] == 2);
  BOOST_TEST(x.cotangent<double>()[1] == -2);
}

BOOST_AUTO_TEST_CASE(random_outputs) {
  passes(within_a_model(BernoulliOp{}));
  // The dropout that follows draws the same mask with and without a surrogate.
  passes([](td::ParameterStore& store, const td::GradientCheckOptions& options) {
    const auto f = [](const td::Value& x) {
      return td::dropout(td::apply(ChoiceOp{}, td::dropout(x, 0.3))[0] % x, 0.3);
    };
    return td::check_gradient(store, f, {oblong}, options);
  });
}

BOOST_AUTO_TEST_CASE(several_outputs_one_of_them_an_index) {
  passes([](td::ParameterStore& store, const td::GradientCheckOptions& options) {
    return td::check_gradient(store, TwoOp{}, {oblong}, options);
  });
  passes([](td::ParameterStore& store, const td::GradientCheckOptions& options) {
    const td::Linear layer{store.scope("fc"), 3, 3};
    const auto f = [=](const td::Value& x) {
      const auto [y, chosen] = td::apply(ChoiceOp{}, layer(x));
      return std::vector<td::Value>{y % x, td::cross_entropy(layer(x), chosen, td::batch_mean)};
    };
    return td::check_gradient(store, f, {oblong}, options);
  });
}

BOOST_AUTO_TEST_CASE(several_uses_and_recomputations) {
  passes([](td::ParameterStore& store, const td::GradientCheckOptions& options) {
    const td::Linear layer{store.scope("fc"), 3, 3};
    const auto f = [=](const td::Value& x) {
      const td::Value y = td::apply(SignOp{}, layer(td::apply(ReversalOp{}, x)));
      const auto block = [=](const td::Value& in) { return td::apply(SignOp{}, layer(in)) % in; };
      return x.tape().recompute(block, y + x) + y;
    };
    return td::check_gradient(store, f, {oblong}, options);
  });
}

BOOST_AUTO_TEST_CASE(a_surrogate_that_leaves_elements_unset) {
  const auto report = td::check_gradient(SignOp{SignOp::As::unset}, {oblong});
  BOOST_TEST(only(report, Fault::not_finite));
  BOOST_TEST(contains(report.describe(),
                      "the surrogate of sign gives NaN or Inf at the samples (it sets every element"));
}

BOOST_AUTO_TEST_CASE(a_surrogate_that_changes_from_call_to_call) {
  int calls = 0;
  const auto report = td::check_gradient(SignOp{SignOp::As::changing, &calls}, {oblong});
  BOOST_TEST(only(report, Fault::not_repeatable));
  BOOST_TEST(contains(report.describe(), "a surrogate gives something else the second time"));
}

BOOST_AUTO_TEST_CASE(a_function_that_uses_other_ops_beside_the_sample) {
  const td::Matrix<double> x{{1, 2}};
  const auto f = [](const td::Value& in) {
    const bool moved = in.matrix<double>()[0] > 1;
    return td::tanh(moved ? td::apply(SignOp{}, td::apply(SignOp{}, in)) : td::apply(SignOp{}, in));
  };
  const std::string said = complaint<td::ContractError>(
      [&] { td::check_gradient(f, {x}, {.batch_of_one = false, .also_in_float = false}); });
  BOOST_TEST(said ==
             "sign: a use that the function did not make at the sample itself; expected ops with a surrogate "
             "to be applied in the same order wherever the samples move");
}

BOOST_AUTO_TEST_CASE(nobody_else_calls_a_surrogate) {
  int calls = 0;
  td::ParameterStore store{{.scalar = td::f64}};
  td::Memory memory;
  td::Tape tape{store, memory, {.check_finite = true}};
  const td::Value x = tape.variable(td::Matrix<double>{{1, 2}});
  const td::Value y = td::apply(SignOp{SignOp::As::right, &calls}, x);
  BOOST_TEST(tape.mark() == 2U);
  tape.backward({y, td::Matrix<double>{{1, 1}}});
  BOOST_TEST(calls == 0);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
