#include "check/diagnosis.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <set>

#include "check/figure.hpp"
#include "check/samples.hpp"

namespace tapedeck::detail {
namespace {

using Guess = std::optional<Diagnosis>;

class Diagnostician {
 public:
  explicit Diagnostician(const Evidence& evidence)
      : e_(evidence), missing_(e_.numeric - e_.analytic), terms_(terms()) {}

  Diagnosis decide() const {
    if (!e_.analytic.is_finite() || !e_.numeric.is_finite()) return {};
    if (largest(missing_) < 30 * e_.allowed) return {};
    for (const auto explanation :
         {&Diagnostician::nothing, &Diagnostician::multiple, &Diagnostician::transposed,
          &Diagnostician::transposed_factor, &Diagnostician::other_axis, &Diagnostician::factor,
          &Diagnostician::redrawn, &Diagnostician::one_column, &Diagnostician::term, &Diagnostician::gaps,
          &Diagnostician::term_of_lines}) {
      if (const Guess guess = (this->*explanation)()) return *guess;
    }
    return {};
  }

 private:
  // Fitting.

  bool equal(const Matrix<double>& a, const Matrix<double>& b, double factor = 1) const {
    if (shape_of(a) != shape_of(b)) return false;
    const double allowed = e_.allowed * std::max(1.0, std::abs(factor));
    for (Index i = 0; i < a.n_elem; ++i) {
      if (!(std::abs(a[i] - factor * b[i]) <= allowed)) return false;
    }
    return true;
  }
  bool zero(double x) const { return std::abs(x) <= e_.allowed; }
  Index count_nonzero(const Matrix<double>& m) const {
    return static_cast<Index>(std::count_if(m.begin(), m.end(), [&](double x) { return !zero(x); }));
  }
  bool is_plain(double k) const {  // a number that a formula may well hold
    return std::any_of(plain_.begin(), plain_.end(), [=](double p) { return std::abs(k - p) < 1e-6; });
  }
  // The k for which a = k b, if there is one.
  std::optional<double> ratio(const Matrix<double>& a, const Matrix<double>& b) const {
    if (shape_of(a) != shape_of(b)) return std::nullopt;
    const double squared = arma::accu(b % b);
    if (squared == 0) return std::nullopt;
    const double k = arma::accu(a % b) / squared;
    if (zero(k * largest(b)) || !equal(a, b, k)) return std::nullopt;
    return k;
  }

  // What a derivative often is, for a leaf that acts on single elements, or on whole rows or columns: the
  // cotangent, alone or times one of the factors.
  std::vector<Known> terms() const {
    std::vector<Known> all;
    const bool several = e_.cotangents.size() > 1;
    for (const Known& v : e_.cotangents) {
      const std::string name = several ? "the cotangent of " + v.name : "the output's cotangent";
      const bool number = v.values.n_elem == 1;
      all.push_back(
          {name, number ? Matrix<double>(arma::size(e_.numeric), arma::fill::value(v.values[0])) : v.values});
      for (const Known& f : e_.factors) {
        const bool fits =
            number ? shape_of(f.values) == shape_of(e_.numeric) : shape_of(f.values) == shape_of(v.values);
        if (fits && f.values.n_elem > 1) {
          all.push_back({name + " times " + f.name, number ? Matrix<double>(v.values[0] * f.values)
                                                           : Matrix<double>(v.values % f.values)});
        }
      }
    }
    return all;
  }
  // A term, summed over what the leaf has only one of.
  std::optional<Known> for_leaf(const Known& t) const {
    const Shape leaf = shape_of(e_.numeric);
    const Shape given = shape_of(t.values);
    if (leaf == given) return t;
    if (leaf.cols == 1 && leaf.rows == given.rows)
      return Known{t.name + ", summed over the columns", arma::sum(t.values, 1)};
    if (leaf.rows == 1 && leaf.cols == given.cols)
      return Known{t.name + ", summed over the rows", arma::sum(t.values, 0)};
    if (leaf.size() == 1) return Known{t.name + ", summed", Matrix<double>{arma::accu(t.values)}};
    return std::nullopt;
  }

  // Explanations.

  Guess nothing() const {
    if (largest(e_.analytic) > 0) return std::nullopt;
    return Diagnosis{Cause::missing_term, "nothing is contributed"};
  }

  Guess multiple() const {
    const auto k = ratio(e_.analytic, e_.numeric);
    if (!k) return std::nullopt;
    if (std::abs(*k + 1) < 1e-6) return Diagnosis{Cause::sign_flipped, ""};
    const double size = std::abs(*k);
    const auto is = [=](double x) { return std::abs(size - x) <= 1e-6 * x; };
    std::set<std::string> counts;
    const std::string sign = *k < 0 ? "-" : "";
    std::string said;
    const auto compare = [&](Index count, const char* what) {
      if (count < 2) return;
      const auto n = static_cast<double>(count);
      const std::string number = std::to_string(count);
      const std::string before = said;
      if (is(n)) said = sign + number + " times";
      if (is(1 / n)) said = sign + "1/" + number + " of";
      const double root = std::sqrt(n);
      if (root != std::floor(root)) {
        if (is(root)) said = sign + "sqrt(" + number + ") times";
        if (is(1 / root)) said = sign + "1/sqrt(" + number + ") of";
      }
      if (said != before || is(n) || is(1 / n)) counts.insert(number + " " + what);
    };
    const Shape leaf = shape_of(e_.numeric);
    compare(e_.batch, "samples");
    const bool by_batch =
        !counts.empty() && (is(static_cast<double>(e_.batch)) || is(1 / static_cast<double>(e_.batch)));
    compare(leaf.rows, "rows");
    if (!e_.column_is_sample) compare(leaf.cols, "columns");
    if (leaf.rows > 1 && leaf.cols > 1) compare(leaf.size(), "elements");
    for (const Known& v : e_.cotangents) {
      const Shape output = shape_of(v.values);
      if (output.rows > 1 && output != leaf) compare(output.rows, "rows of the output");
      if (output.rows > 1 && output.cols > 1 && output != leaf)
        compare(output.size(), "elements of the output");
    }
    if (said.empty()) {
      if (is(2)) said = sign + "2 times";
      if (is(0.5)) said = sign + "1/2 of";
    }
    if (said.empty()) {
      if (count_nonzero(e_.numeric) < 2) return std::nullopt;  // one number is a multiple of any other
      said = figure(*k, std::abs(size - 1) < 1e-4 ? 10 : 4) + " times";
    }
    std::string words = "they are " + said + " the right ones";
    const char* join = ", and there are ";
    for (const std::string& count : counts) {
      words += join + count;
      join = " and ";
    }
    const bool sure = by_batch && counts.size() == 1 && *k > 0;
    return Diagnosis{sure ? Cause::scaled_by_batch : Cause::scaled, words};
  }

  Guess transposed() const {
    const Index rows = e_.numeric.n_rows;
    const Index cols = e_.numeric.n_cols;
    if (rows < 2 || cols < 2) return std::nullopt;
    const Matrix<double> one_way = arma::reshape(Matrix<double>(e_.numeric.t()), rows, cols);
    const Matrix<double> other_way = arma::reshape(e_.numeric, cols, rows).t();
    if (!equal(e_.analytic, one_way) && !equal(e_.analytic, other_way)) return std::nullopt;
    return Diagnosis{Cause::transposed, ""};
  }

  // W v where W' v is due, or v W where v W' is.
  Guess transposed_factor() const {
    if (count_nonzero(e_.numeric) < 3) return std::nullopt;
    for (const Known& f : e_.factors) {
      const Matrix<double>& w = f.values;
      if (w.n_rows != w.n_cols || w.n_rows < 2) continue;
      for (const Known& c : e_.cotangents) {
        const Matrix<double>& v = c.values;
        const bool left = w.n_cols == v.n_rows && equal(e_.numeric, w.t() * v) && equal(e_.analytic, w * v);
        const bool right = v.n_cols == w.n_rows && equal(e_.numeric, v * w.t()) && equal(e_.analytic, v * w);
        if (left || right)
          return Diagnosis{Cause::transposed, f.name + " is used where its transpose is due"};
      }
    }
    return std::nullopt;
  }

  // One sum for each row where one for each column is due, and sums that hold one of their terms only.
  Guess other_axis() const {
    if (e_.numeric.n_elem < 2 || (e_.numeric.n_rows > 1 && e_.numeric.n_cols > 1)) return std::nullopt;
    const bool column = e_.numeric.n_cols == 1;
    const Matrix<double> numeric = arma::vectorise(e_.numeric);
    const Matrix<double> analytic = arma::vectorise(e_.analytic);
    for (const Known& t : terms_) {
      const Matrix<double> due = column ? t.values : Matrix<double>(t.values.t());
      if (!equal(numeric, arma::sum(due, 1))) continue;
      if (equal(analytic, arma::sum(due, 0).t())) {
        return Diagnosis{Cause::other_axis,
                         t.name + " is summed over the " +
                             (column ? "rows, not over the columns" : "columns, not over the rows")};
      }
      for (Index c = 0; c < due.n_cols; ++c) {
        if (equal(analytic, due.col(c))) {
          return Diagnosis{column ? Cause::one_sample_only : Cause::missing_term,
                           "only " + std::string(column ? "column " : "row ") + std::to_string(c) + " of " +
                               t.name + " is summed"};
        }
      }
    }
    return std::nullopt;
  }

  // a (.) m is right, or n (.) m is what was given, for a matrix m, or a row, column or number of them.
  Guess factor() const {
    if (count_nonzero(e_.numeric) < 3) return std::nullopt;
    for (const Known& f : e_.factors) {
      const Index rows = f.values.n_rows;
      const Index cols = f.values.n_cols;
      if ((rows != 1 && rows != e_.numeric.n_rows) || (cols != 1 && cols != e_.numeric.n_cols)) continue;
      const Matrix<double> m = arma::repmat(f.values, e_.numeric.n_rows / rows, e_.numeric.n_cols / cols);
      if (equal(e_.numeric, e_.analytic % m)) {
        return Diagnosis{Cause::missing_factor, "multiplied by " + f.name + " they would be right"};
      }
      if (equal(e_.analytic, e_.numeric % m)) {
        return Diagnosis{Cause::missing_factor, "divided by " + f.name + " they would be right"};
      }
    }
    return std::nullopt;
  }

  struct Tally {
    Index right = 0;       // and not zero
    Index zero_given = 0;  // where it should not be
    Index zero_due = 0;    // where something is given
    Index wrong = 0;       // otherwise
  };
  Tally tally() const {
    Tally n;
    for (Index i = 0; i < e_.numeric.n_elem; ++i) {
      if (zero(missing_[i])) {
        n.right += zero(e_.numeric[i]) ? 0 : 1;
      } else if (e_.analytic[i] == 0) {
        ++n.zero_given;
      } else if (zero(e_.numeric[i])) {
        ++n.zero_due;
      } else {
        ++n.wrong;
      }
    }
    return n;
  }

  Guess redrawn() const {
    const Tally n = tally();
    if (n.wrong > 0 || n.right == 0 || n.zero_given == 0 || n.zero_due == 0) return std::nullopt;
    return Diagnosis{Cause::mask_redrawn, ""};
  }

  // One column is right, and in the others nothing is.
  Guess one_column() const {
    if (!e_.column_is_sample || e_.numeric.n_cols < 2) return std::nullopt;
    std::optional<Index> right;
    for (Index c = 0; c < e_.numeric.n_cols; ++c) {
      Index fits = 0;
      for (Index r = 0; r < e_.numeric.n_rows; ++r)
        fits += zero(missing_(r, c)) && !zero(e_.numeric(r, c)) ? 1U : 0U;
      if (fits == 0) continue;
      if (right || largest(missing_.col(c)) > e_.allowed) return std::nullopt;
      right = c;
    }
    if (!right) return std::nullopt;
    return Diagnosis{Cause::one_sample_only, "only column " + std::to_string(*right) + " is right"};
  }

  Guess term() const {
    for (const Known& elementwise : terms_) {
      const auto t = for_leaf(elementwise);
      if (!t) continue;
      const auto k = ratio(missing_, t->values);
      if (!k || (count_nonzero(missing_) < 3 && !is_plain(*k))) continue;
      const std::string times = std::abs(*k - 1) < 1e-6 ? "" : figure(*k, 4) + " times ";
      return Diagnosis{Cause::missing_term, "what is missing is " + times + t->name};
    }
    return std::nullopt;
  }

  // Elements that nothing is contributed to, the others being right.
  Guess gaps() const {
    const Tally n = tally();
    if (n.wrong > 0 || n.right == 0 || n.zero_given < 2 || n.zero_due > 0) return std::nullopt;
    return Diagnosis{Cause::missing_term, "nothing is contributed to " + std::to_string(n.zero_given) +
                                              " of " + std::to_string(e_.numeric.n_elem) + " elements"};
  }

  // What is missing is, in every column, k 1, k f, or k 1 + l f, with numbers k and l of the column's own and
  // a factor f: the mean of a normalisation, the sum of a softmax, a variance. Or so in every row.
  Guess term_of_lines() const {
    for (const bool column : {true, false}) {
      const Matrix<double> lines = column ? missing_ : Matrix<double>(missing_.t());
      const char* in_each = column ? " in each column" : " in each row";
      if (spanned(lines, nullptr, true)) {
        return Diagnosis{Cause::missing_term, std::string("what is missing is one number") + in_each +
                                                  ", such as a mean over the " +
                                                  (column ? "features" : "samples")};
      }
      for (const bool with_constant : {false, true}) {
        for (const Known& f : e_.factors) {
          if (shape_of(f.values) != shape_of(missing_)) continue;
          const Matrix<double> basis = column ? f.values : Matrix<double>(f.values.t());
          if (!spanned(lines, &basis, with_constant)) continue;
          return Diagnosis{Cause::missing_term,
                           "what is missing is" + std::string(in_each) + " a multiple of " + f.name +
                               (with_constant ? " plus a number" : "") +
                               ", such as the sum of a softmax or what flows through a variance"};
        }
      }
    }
    return std::nullopt;
  }

  // Whether each column is a combination of ones and a column of the basis; three elements at least must have
  // had the chance not to be.
  bool spanned(const Matrix<double>& lines, const Matrix<double>* basis, bool ones) const {
    const Index unknowns = (ones ? 1U : 0U) + (basis != nullptr ? 1U : 0U);
    if (lines.n_rows <= unknowns || (lines.n_rows - unknowns) * lines.n_cols < 3) return false;
    for (Index c = 0; c < lines.n_cols; ++c) {
      arma::vec rest = lines.col(c);
      if (ones) rest -= arma::mean(rest);
      if (basis != nullptr) {
        arma::vec direction = basis->col(c);
        if (ones) direction -= arma::mean(direction);
        const double squared = arma::dot(direction, direction);
        if (squared > 0) rest -= arma::dot(rest, direction) / squared * direction;
      }
      if (largest(rest) > e_.allowed) return false;
    }
    return true;
  }

  static constexpr std::array<double, 6> plain_{1, -1, 2, -2, 0.5, -0.5};

  const Evidence& e_;
  Matrix<double> missing_;  // what is
  std::vector<Known> terms_;
};

}  // namespace

Diagnosis diagnose(const Evidence& evidence) { return Diagnostician(evidence).decide(); }

}  // namespace tapedeck::detail
