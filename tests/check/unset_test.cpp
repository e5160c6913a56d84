// Forwards that leave elements of their outputs, or of what they save, as the memory was.

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>

#include "check/custom_ops.hpp"
#include "support/complaint.hpp"
#include "tapedeck/check/gradient_check.hpp"
#include "tapedeck/layers/linear.hpp"
#include "tapedeck/ops/activation.hpp"
#include "tapedeck/ops/arithmetic.hpp"
#include "tapedeck/tape/op.hpp"

namespace td = tapedeck;
using namespace test;
using td::Fault;

BOOST_AUTO_TEST_SUITE(check)
BOOST_AUTO_TEST_SUITE(unset)

namespace {

// y = x^2; forward and vjp leave out the last row.
struct RowsLeftOutOp {
  static constexpr auto name = "rows_left_out";
  static constexpr td::Signature signature = "x(f,b)* -> y(f,b)";
  void forward(auto& y, const auto& x) const {
    for (td::Index c = 0; c < x.n_cols; ++c)
      for (td::Index r = 0; r + 1 < x.n_rows; ++r) y(r, c) = x(r, c) * x(r, c);
  }
  void vjp(auto& dx, const auto& dy, const auto& x) const {
    dx += [&](auto& sum) {
      for (td::Index c = 0; c < x.n_cols; ++c)
        for (td::Index r = 0; r + 1 < x.n_rows; ++r) sum(r, c) += 2 * dy(r, c) * x(r, c);
    };
  }
};

// y = x^2, with 2 x saved up to `last`; the vjp takes the last row as zero.
struct SavedOp {
  static constexpr auto name = "saved";
  static constexpr td::Signature signature = "x(f,b) -> y(f,b) | slope(f,b)";
  bool all;
  void forward(auto& y, auto& slope, const auto& x) const {
    y = x % x;
    if (all) slope = 2 * x;
    if (!all) slope.head_rows(x.n_rows - 1) = 2 * x.head_rows(x.n_rows - 1);
  }
  void vjp(auto& dx, const auto& dy, const auto& slope) const { dx += slope % dy; }
};

// The largest element of each column, and where it was; "none" for columns below a bound.
struct LargestOp {
  static constexpr auto name = "largest";
  static constexpr td::Signature signature = "x(f,b) -> y(1,b) | at(1,b):index";
  enum class None { unset, largest_index } none;
  double bound = 0.5;
  static constexpr td::Index nowhere = ~td::Index{0};
  void forward(auto& y, auto& at, const auto& x) const {
    for (td::Index c = 0; c < x.n_cols; ++c) {
      const td::Index r = x.col(c).index_max();
      const bool found = x(r, c) > static_cast<decltype(x(r, c))>(bound);
      y(0, c) = found ? x(r, c) : 0;
      if (found || none == None::largest_index) at(0, c) = found ? r : nowhere;
    }
  }
  void vjp(auto& dx, const auto& dy, const auto& at) const {
    dx += [&](auto& sum) {
      for (td::Index c = 0; c < sum.n_cols; ++c)
        if (at(0, c) < sum.n_rows) sum(at(0, c), c) += dy(0, c);
    };
  }
};

// y = 2 x, as a sum that is taken to be zero at first.
struct AddedToOp {
  static constexpr auto name = "added_to";
  static constexpr td::Signature signature = "x(f,b) -> y(f,b)";
  void forward(auto& y, const auto& x) const { y += 2 * x; }
  void vjp(auto& dx, const auto& dy) const { dx += 2 * dy; }
};

// y = w (.) x, but y = 0 in the last row, for which the vjp writes no dw.
struct PartOfDestinationOp {
  static constexpr auto name = "part_of_destination";
  static constexpr td::Signature signature = "w(f,1)* x(f,b)* -> y(f,b)";
  bool all;
  void forward(auto& y, const auto& w, const auto& x) const {
    y = arma::diagmat(w.col(0)) * x;
    y.tail_rows(1).zeros();
  }
  void vjp(auto& dw, auto& dx, const auto& dy, const auto& w, const auto& x) const {
    if (const auto to = dw.destination(); to.data != nullptr) {
      for (td::Index r = 0; r + (all ? 0 : 1) < w.n_rows; ++r) {
        const auto term = r + 1 < w.n_rows ? arma::dot(dy.row(r), x.row(r)) : 0;
        to.data[r] = to.add ? to.data[r] + term : term;
      }
    }
    dx += [&](auto& sum) {
      for (td::Index c = 0; c < x.n_cols; ++c)
        for (td::Index r = 0; r + 1 < x.n_rows; ++r) sum(r, c) += w(r, 0) * dy(r, c);
    };
  }
};

// y = x where x > 0, and 0 elsewhere, whatever x is.
struct PositiveOp {
  static constexpr auto name = "positive";
  static constexpr td::Signature signature = "x(f,b)* -> y(f,b)";
  void forward(auto& y, const auto& x) const {
    td::map([](auto v) { return v > 0 ? v : decltype(v)(0); }, x).into(y);
  }
  void vjp(auto& dx, const auto& dy, const auto& x) const {
    dx += td::map([](auto d, auto v) { return v > 0 ? d : decltype(d)(0); }, dy, x);
  }
};

constexpr td::Shape oblong{3, 4};
constexpr int seeds = 20;
using CheckOfSeed = std::function<td::GradientReport(std::uint64_t seed)>;

// At how many of the seeds a fault is found, and no other.
int found_at(Fault fault, const CheckOfSeed& check) {
  int count = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) count += only(check(seed), fault) ? 1 : 0;
  return count;
}
template <class Op>
CheckOfSeed alone(const Op& op) {
  return [=](std::uint64_t seed) { return td::check_gradient(op, {oblong}, {.seed = seed}); };
}

}  // namespace

BOOST_AUTO_TEST_CASE(outputs_that_forward_and_vjp_leave_out) {
  BOOST_TEST(found_at(Fault::not_finite, alone(RowsLeftOutOp{})) == seeds);
  const auto within = [](std::uint64_t seed) {
    td::ParameterStore store{{.seed = seed}};
    const td::Linear layer{store.scope("fc"), 3, 3};
    const auto f = [=](const td::Value& x) {
      return td::tanh(layer(td::apply(RowsLeftOutOp{}, td::sigmoid(x))));
    };
    return td::check_gradient(store, f, {oblong}, {.seed = seed});
  };
  BOOST_TEST(found_at(Fault::not_finite, within) == seeds);
  BOOST_TEST(contains(
      within(1).describe(),
      "not finite: rows_left_out: y is unset at (2,0) (the forward sets every element of its outputs "
      "and of what it saves, and reads none before)"));
}

BOOST_AUTO_TEST_CASE(outputs_whose_unset_elements_nothing_reads) {
  const auto f = [](const td::Value& x) { return td::apply(PositiveOp{}, td::apply(RowsLeftOutOp{}, x)); };
  BOOST_TEST(only(td::check_gradient(f, {oblong}), Fault::not_finite));
}

BOOST_AUTO_TEST_CASE(outputs_within_a_recomputation) {
  const auto f = [](const td::Value& x) {
    return x.tape().recompute(
        [](const td::Value& in) { return td::apply(PositiveOp{}, td::apply(RowsLeftOutOp{}, in)); }, x);
  };
  const auto report = td::check_gradient(f, {oblong});
  BOOST_TEST(only(report, Fault::not_finite));
  BOOST_TEST(contains(report.describe(), "rows_left_out: y is unset at (2,0)"));
}

BOOST_AUTO_TEST_CASE(what_is_saved) {
  BOOST_TEST(found_at(Fault::not_finite, alone(SavedOp{.all = false})) == seeds);
  BOOST_TEST(contains(alone(SavedOp{.all = false})(1).describe(), "saved: slope is unset at (2,0)"));
  BOOST_TEST(alone(SavedOp{.all = true})(1).passed());
}

BOOST_AUTO_TEST_CASE(indices_that_are_saved) {
  using None = LargestOp::None;
  const td::Matrix<double> x{{1, -1, 3}, {2, -2, 1}};
  const auto check = [&](None none) { return td::check_gradient(LargestOp{none}, {x}); };
  const auto report = check(None::unset);
  BOOST_TEST(only(report, Fault::not_finite));
  BOOST_TEST(contains(report.describe(), "largest: at is unset at (0,1)"));
  // The largest index is what memory held, too, but the op set it.
  BOOST_TEST(check(None::largest_index).passed(), check(None::largest_index));
}

BOOST_AUTO_TEST_CASE(outputs_that_are_read_before) {
  BOOST_TEST(found_at(Fault::not_finite, alone(AddedToOp{})) == seeds);
  BOOST_TEST(contains(alone(AddedToOp{})(1).describe(), "added_to: y is unset at (0,0)"));
}

BOOST_AUTO_TEST_CASE(cotangents_that_a_vjp_leaves_out) {
  const auto check = [](bool all) {
    return [=](std::uint64_t seed) {
      td::ParameterStore store;
      const td::Parameter w = store.add("w", {3, 1}, td::ones);
      const auto f = [=](const td::Value& x) { return td::apply(PartOfDestinationOp{all}, w, x); };
      return td::check_gradient(store, f, {oblong}, {.seed = seed});
    };
  };
  BOOST_TEST(check(true)(1).passed(), check(true)(1));
  BOOST_TEST(found_at(Fault::wrong_gradient, check(false)) == seeds);
  BOOST_TEST(contains(check(false)(1).describe(), "wrong gradient: w(2,0): analytic nan, numeric 0,"));
  const auto of_an_input = [](std::uint64_t seed) {
    return td::check_gradient(PartOfDestinationOp{false}, {td::Shape{3, 1}, oblong},
                              {.seed = seed, .batch_of_one = false});
  };
  BOOST_TEST(found_at(Fault::wrong_gradient, of_an_input) == seeds);
}

BOOST_AUTO_TEST_CASE(a_tape_that_checks_names_them) {
  td::ParameterStore store;
  td::Memory memory;
  const auto said = [&](const auto& op) {
    return complaint<td::NonFiniteError>([&] {
      td::Tape tape{store, memory, {.check_finite = true}};
      td::scale(tape.input(td::Matrix<float>(3, 4, arma::fill::ones)), 2);
      td::apply(op, tape.variable(td::Matrix<float>(3, 4, arma::fill::ones)));
    });
  };
  const std::string wanted =
      "; expected a forward that sets every element of its outputs and of what it saves, and reads none "
      "before";
  for (int pass = 0; pass < 2; ++pass) {
    BOOST_TEST(said(RowsLeftOutOp{}) == "rows_left_out: y is unset at (2,0)" + wanted);
    BOOST_TEST(said(SavedOp{.all = false}) == "saved: slope is unset at (2,0)" + wanted);
    BOOST_TEST(said(AddedToOp{}) == "added_to: y is unset at (0,0)" + wanted);
    BOOST_TEST(said(SavedOp{.all = true}) == "nothing was thrown");
    BOOST_TEST(said(LargestOp{LargestOp::None::largest_index, 2}) == "nothing was thrown");
  }
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
