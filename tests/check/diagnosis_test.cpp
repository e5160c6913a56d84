#include "check/diagnosis.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

#include "support/complaint.hpp"
#include "tapedeck/core/random.hpp"

namespace td = tapedeck;
using td::Cause;
using td::detail::Diagnosis;
using td::detail::Evidence;
using M = td::Matrix<double>;
using test::contains;

BOOST_AUTO_TEST_SUITE(check)
BOOST_AUTO_TEST_SUITE(diagnosis)

namespace {

M drawn(td::Index rows, td::Index cols, const char* name) {
  M m(rows, cols);
  for (td::Index c = 0; c < cols; ++c) {
    for (td::Index r = 0; r < rows; ++r) m(r, c) = td::Random(1).stream(name).normal(r, c);
  }
  return m;
}

M number(double x) { return M(1, 1, arma::fill::value(x)); }

// The derivative of an input of 3x4, of an output of that shape.
struct Case {
  M x = drawn(3, 4, "x");
  M w = drawn(3, 3, "w");
  M y = drawn(3, 4, "y");
  M v = drawn(3, 4, "v");
  M right = drawn(3, 4, "right");
  td::Index batch = 4;
  bool column_is_sample = true;

  Diagnosis of(const M& analytic) const { return of(analytic, right); }
  Diagnosis of(const M& analytic, const M& numeric) const {
    return td::detail::diagnose({.analytic = analytic,
                                 .numeric = numeric,
                                 .allowed = 1e-8 * arma::abs(numeric).max(),
                                 .batch = batch,
                                 .column_is_sample = column_is_sample,
                                 .factors = {{"input 0", x}, {"weight", w}, {"the output", y}},
                                 .cotangents = {{"the output", v}}});
  }
};

const Case at;
constexpr double hair = 1 + 1e-9;  // what differences get wrong

}  // namespace

BOOST_AUTO_TEST_CASE(what_nothing_explains_is_unknown) {
  BOOST_TEST((at.of(drawn(3, 4, "something else")).cause == Cause::unknown));
  BOOST_TEST(at.of(drawn(3, 4, "something else")).words.empty());
  BOOST_TEST((at.of(at.right % at.right).cause == Cause::unknown));
  M nan = at.right;
  nan(1, 1) = std::numeric_limits<double>::quiet_NaN();
  BOOST_TEST((at.of(nan).cause == Cause::unknown));
}

BOOST_AUTO_TEST_CASE(what_is_hardly_wrong_fits_anything_and_is_unknown) {
  BOOST_TEST((at.of(at.right * (1 + 1e-7)).cause == Cause::unknown));
  BOOST_TEST((at.of(at.right * (1 + 1e-5)).cause == Cause::scaled));
}

BOOST_AUTO_TEST_CASE(sign) {
  BOOST_TEST((at.of(-hair * at.right).cause == Cause::sign_flipped));
  BOOST_TEST((at.of(number(-2), number(2)).cause == Cause::sign_flipped));
}

BOOST_AUTO_TEST_CASE(scale) {
  const auto says = [](double factor, Cause cause, const std::string& words) {
    const Diagnosis d = at.of(hair * factor * at.right);
    BOOST_TEST((d.cause == cause), factor << ": " << name_of(d.cause));
    BOOST_TEST(d.words == words);
  };
  says(4, Cause::scaled_by_batch, "they are 4 times the right ones, and there are 4 samples");
  says(0.25, Cause::scaled_by_batch, "they are 1/4 of the right ones, and there are 4 samples");
  says(2, Cause::scaled, "they are 2 times the right ones");
  says(0.5, Cause::scaled, "they are 1/2 of the right ones");
  says(3, Cause::scaled, "they are 3 times the right ones, and there are 3 rows");
  says(1 / 12.0, Cause::scaled, "they are 1/12 of the right ones, and there are 12 elements");
  says(std::sqrt(3), Cause::scaled, "they are sqrt(3) times the right ones, and there are 3 rows");
  says(-3, Cause::scaled, "they are -3 times the right ones, and there are 3 rows");
  says(0.37, Cause::scaled, "they are 0.37 times the right ones");
}

BOOST_AUTO_TEST_CASE(scale_that_two_counts_explain) {
  Case square;
  square.batch = 3;
  const Diagnosis d = square.of(3 * square.right);
  BOOST_TEST((d.cause == Cause::scaled));
  BOOST_TEST(d.words == "they are 3 times the right ones, and there are 3 rows and 3 samples");
}

BOOST_AUTO_TEST_CASE(scale_of_a_single_element) {
  Case loss;
  loss.batch = 5;
  BOOST_TEST((loss.of(number(0.4), number(2)).cause == Cause::scaled_by_batch));
  BOOST_TEST(
      (loss.of(number(0.7), number(2)).cause == Cause::unknown));  // one number is a multiple of any other
}

BOOST_AUTO_TEST_CASE(transposition) {
  BOOST_TEST((at.of(arma::reshape(M(at.right.t()), 3, 4)).cause == Cause::transposed));
  BOOST_TEST((at.of(M(arma::reshape(at.right, 4, 3).t())).cause == Cause::transposed));
  BOOST_TEST((at.of(M(at.w.t()), at.w).cause == Cause::transposed));
  const Diagnosis left = at.of(at.w * at.v, at.w.t() * at.v);
  BOOST_TEST((left.cause == Cause::transposed));
  BOOST_TEST(left.words == "weight is used where its transpose is due");
  Case wide;
  wide.w = drawn(4, 4, "w");
  BOOST_TEST((wide.of(wide.v * wide.w, wide.v * wide.w.t()).cause == Cause::transposed));
}

BOOST_AUTO_TEST_CASE(other_axis) {
  Case square;
  square.x = drawn(3, 3, "x");
  square.v = drawn(3, 3, "v");
  square.column_is_sample = false;
  const Diagnosis bias = square.of(arma::sum(square.v, 0).t(), arma::sum(square.v, 1));
  BOOST_TEST((bias.cause == Cause::other_axis));
  BOOST_TEST(bias.words == "the output's cotangent is summed over the rows, not over the columns");
  const M products = square.v % square.x;
  const Diagnosis gain = square.of(arma::sum(products, 0).t(), arma::sum(products, 1));
  BOOST_TEST((gain.cause == Cause::other_axis));
  BOOST_TEST(gain.words ==
             "the output's cotangent times input 0 is summed over the rows, not over the columns");
  const Diagnosis row = square.of(arma::sum(square.v, 1).t(), arma::sum(square.v, 0));
  BOOST_TEST((row.cause == Cause::other_axis));
  BOOST_TEST(contains(row.words, "over the columns, not over the rows"));
}

BOOST_AUTO_TEST_CASE(one_sample) {
  Case bias;
  bias.column_is_sample = false;
  const Diagnosis d = bias.of(M(bias.v.col(2)), arma::sum(bias.v, 1));
  BOOST_TEST((d.cause == Cause::one_sample_only));
  BOOST_TEST(d.words == "only column 2 of the output's cotangent is summed");

  M first = drawn(3, 4, "something else");
  first.col(1) = at.right.col(1);
  BOOST_TEST((at.of(first).cause == Cause::one_sample_only));
  BOOST_TEST(at.of(first).words == "only column 1 is right");
  first.zeros();
  first.col(0) = at.right.col(0);
  BOOST_TEST((at.of(first).cause == Cause::one_sample_only));
  first.col(1) = at.right.col(1);
  BOOST_TEST((at.of(first).cause == Cause::missing_term));
  BOOST_TEST(at.of(first).words == "nothing is contributed to 6 of 12 elements");
}

BOOST_AUTO_TEST_CASE(mask) {
  M kept = at.right;
  M given = at.right;
  kept(0, 0) = kept(1, 2) = 0;
  given(2, 3) = given(1, 1) = given(1, 2) = 0;
  BOOST_TEST((at.of(given, kept).cause == Cause::mask_redrawn));
  given(0, 1) *= 1.5;
  BOOST_TEST((at.of(given, kept).cause == Cause::unknown));
}

BOOST_AUTO_TEST_CASE(factors) {
  const Diagnosis missing = at.of(at.right, at.right % at.x);
  BOOST_TEST((missing.cause == Cause::missing_factor));
  BOOST_TEST(missing.words == "multiplied by input 0 they would be right");
  const Diagnosis twice = at.of(at.right % at.y, at.right);
  BOOST_TEST((twice.cause == Cause::missing_factor));
  BOOST_TEST(twice.words == "divided by the output they would be right");
  Case gain;
  gain.w = drawn(3, 1, "gain");
  BOOST_TEST((gain.of(gain.right, arma::diagmat(gain.w.col(0)) * gain.right).cause == Cause::missing_factor));
}

BOOST_AUTO_TEST_CASE(terms) {
  const auto says = [](const M& missing, const std::string& words) {
    const Diagnosis d = at.of(at.right - missing);
    BOOST_TEST((d.cause == Cause::missing_term), words << ": " << name_of(d.cause));
    BOOST_TEST(contains(d.words, words), d.words);
  };
  says(at.right, "nothing is contributed");
  says(at.v, "what is missing is the output's cotangent");
  says(-2 * at.v, "what is missing is -2 times the output's cotangent");
  says(at.v % at.x, "what is missing is the output's cotangent times input 0");
  says(at.v % at.y, "what is missing is the output's cotangent times the output");
  const M column = drawn(3, 1, "column");
  const M row = drawn(1, 4, "row");
  says(arma::repmat(row, 3, 1), "one number in each column, such as a mean over the features");
  says(arma::repmat(column, 1, 4), "one number in each row, such as a mean over the samples");
  says(at.y * arma::diagmat(row), "in each column a multiple of the output, such as the sum of a softmax");
  says(arma::diagmat(column) * at.x, "in each row a multiple of input 0, such as");
  says(arma::diagmat(column) * at.x + arma::repmat(drawn(3, 1, "other"), 1, 4),
       "in each row a multiple of input 0 plus a number, such as the sum of a softmax or what flows through "
       "a variance");

  Case bias;
  bias.column_is_sample = false;
  const M wanted = drawn(3, 1, "wanted");
  const Diagnosis d = bias.of(wanted - arma::sum(bias.v, 1), wanted);
  BOOST_TEST((d.cause == Cause::missing_term));
  BOOST_TEST(d.words == "what is missing is the output's cotangent, summed over the columns");
}

BOOST_AUTO_TEST_CASE(terms_of_a_loss) {
  Case loss;
  loss.v = number(1.7);
  loss.y = number(0.3);
  const Diagnosis d = loss.of(loss.right - 1.7 * loss.x);
  BOOST_TEST((d.cause == Cause::missing_term));
  BOOST_TEST(d.words == "what is missing is the output's cotangent times input 0");
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
