#pragma once

/// @file
/// What every op gives, once more from the formulas of its header: in long double, with a bound for the error
/// of computing it in T. The bound is that of a running error analysis (Wilkinson, Rounding Errors in
/// Algebraic Processes, 1963; Higham, Accuracy and Stability, section 3.3): each operation hands on the
/// errors of its operands and adds half an ulp of its result, or as many ulp as lib/kernels/map.hpp says of a
/// function.

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <numbers>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "kernels/numbers.hpp"
#include "support/op_tests.hpp"

namespace test {

using td::Index;

/// A number, and how far what is computed in T may be off.
template <class T>
struct Number {
  Real value = 0;
  Real error = 0;

  Number() = default;
  Number(Real exact) : value(exact) {}  // NOLINT(google-explicit-constructor): constants in formulas
  /// A result that inherits an error and is off by so many ulp of itself, or of `least` if that is larger.
  Number(Real result, Real inherited, Real ulps = 0.5L, Real least = 0)
      : value(result),
        error(std::isfinite(result) ? inherited + ulps * eps<T> * std::max(std::abs(result), least) +
                                          std::numeric_limits<T>::denorm_min()
                                    : 0) {}

  friend Number operator+(Number a, Number b) { return {a.value + b.value, a.error + b.error}; }
  friend Number operator-(Number a, Number b) { return {a.value - b.value, a.error + b.error}; }
  friend Number operator*(Number a, Number b) {
    const auto part = [](Real factor, Real e) { return e == 0 ? 0 : std::abs(factor) * e; };
    return {a.value * b.value, part(a.value, b.error) + part(b.value, a.error) + a.error * b.error};
  }
  friend Number operator/(Number a, Number b) {
    const Real quotient = a.value / b.value;
    return {quotient, (a.error + std::abs(quotient) * b.error) / (std::abs(b.value) - b.error)};
  }
  Number operator-() const {
    Number minus = *this;
    minus.value = -value;
    return minus;
  }
};

/// f(x), where f' = slope.
template <class T, class F>
Number<T> function(const F& f, Number<T> x, Real slope, Real ulps, Real least = 0) {
  return {f(x.value), x.error == 0 ? 0 : std::abs(slope) * x.error, ulps, least};
}

/// Whether `got`, a T, can be this number: NaN for NaN, an infinity where T has nothing so large.
template <class T>
bool agrees(double got, const Number<T>& wanted) {
  if (std::isnan(wanted.value)) return std::isnan(got);
  const Real most = std::numeric_limits<T>::max();
  if (std::isinf(got)) {
    return std::abs(wanted.value) + wanted.error > most && std::signbit(got) == std::signbit(wanted.value);
  }
  return std::abs(got - wanted.value) <= wanted.error;
}

/// A matrix of numbers.
template <class T>
class Grid {
 public:
  Grid() = default;
  /// f(r, c) everywhere.
  template <class F>
  Grid(Index rows, Index cols, const F& f) : rows_(rows), cols_(cols) {
    for (Index c = 0; c < cols; ++c) {
      for (Index r = 0; r < rows; ++r) elements_.push_back(f(r, c));
    }
  }
  explicit Grid(const td::Matrix<double>& m)
      : Grid(m.n_rows, m.n_cols, [&](Index r, Index c) { return Number<T>(m(r, c)); }) {}

  td::Shape shape() const { return {rows_, cols_}; }
  const Number<T>& operator()(Index r, Index c) const { return elements_[r + c * rows_]; }
  const Number<T>& operator[](Index i) const { return elements_[i]; }

 private:
  Index rows_ = 0;
  Index cols_ = 0;
  std::vector<Number<T>> elements_;
};

/// Where a matrix and what it should be do not agree; empty if nowhere.
template <class T>
std::string disagreement(const td::Matrix<double>& got, const Grid<T>& wanted) {
  std::ostringstream text;
  if (td::shape_of(got) != wanted.shape()) {
    text << "is " << td::to_string(td::shape_of(got)) << ", should be " << td::to_string(wanted.shape());
    return text.str();
  }
  for (td::Index i = 0; i < got.n_elem; ++i) {
    if (agrees(got[i], wanted[i])) continue;
    text.precision(20);
    text << "element " << i << " is " << got[i] << ", should be " << wanted[i].value << " +- "
         << wanted[i].error;
    return text.str();
  }
  return {};
}

/// What an op gives and what its vjp gives.
template <class T>
struct Exact {
  Grid<T> output;
  std::vector<Grid<T>> gradients;  ///< of all inputs that hold numbers
};

namespace formulas {

/// f(0) + ... + f(n - 1), in any order.
template <class T, class F>
Number<T> total(Index n, const F& f) {
  Number<T> sum = Real{0};
  Real size = 0;
  Real error = 0;
  for (Index i = 0; i < n; ++i) {
    const Number<T> term = f(i);
    sum.value += term.value;
    size += std::abs(term.value);
    error += term.error;
  }
  return {sum.value, error, 0.5L * static_cast<Real>(n), size};
}

inline Real sigmoid(Real x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }
template <class T>
Number<T> sigmoid(Number<T> x) {
  const Real s = sigmoid(x.value);
  return function([=](Real) { return s; }, x, s * (1 - s), 3);
}
template <class T>
Number<T> exp(Number<T> x) {
  const Real e = std::exp(x.value);
  return function([=](Real) { return e; }, x, e, 1);
}
template <class T>
Number<T> log(Number<T> x) {
  return function([](Real v) { return std::log(v); }, x, 1 / x.value, 1);
}
/// 1 / sqrt(variance + epsilon), where what is computed of the variance, however wrong, is not negative.
template <class T>
Number<T> inverse_root(Number<T> variance, Real epsilon) {
  const Real n = 1 / std::sqrt(variance.value + epsilon);
  const Real most = 1 / std::sqrt(std::max(variance.value - variance.error, Real{0}) + epsilon);
  return {n, variance.error == 0 ? 0 : most - n, 2};
}

// --- Functions of single elements, and their derivatives. `a` is the op's option, rounded to T.

template <class T>
struct Activation {
  using N = Number<T>;
  std::function<N(N x, N a)> value, slope;
};

template <class T>
const std::map<std::string, Activation<T>>& activations() {
  using N = Number<T>;
  static const Real tiny = 1024 * std::numeric_limits<T>::min();
  const auto relu = [](N x, N) { return x.value < 0 ? N(0) : x; };
  // With NaN the cotangent passes on.
  const auto relu_slope = [](N x, N) { return N(x.value <= 0 ? 0 : 1); };
  const auto leaky = [](N x, N a) { return x.value > 0 ? x : a * x; };
  const auto leaky_slope = [](N x, N a) { return x.value > 0 ? N(1) : a; };
  const auto tanh = [](N x, N) { return function([](Real v) { return std::tanh(v); }, x, 0, 3); };
  const auto softplus = [](N x, N) {
    return function([](Real v) { return (v < 0 ? 0 : v) + std::log1p(std::exp(-std::abs(v))); }, x, 0, 3);
  };
  const auto elu = [](N x, N a) {
    return x.value > 0 ? x : a * function([](Real v) { return std::expm1(v); }, x, 0, 4);
  };
  const auto elu_slope = [](N x, N a) { return x.value > 0 ? N(1) : a * exp(x); };
  // Slopes at the infinities are the limits, where the formulas have 0 times Inf.
  const auto limit = [](Real x, Real otherwise) { return std::isinf(x) ? (x > 0 ? 1 : 0) : otherwise; };
  const auto silu = [](N x, N) {
    return function([](Real v) { return v * formulas::sigmoid(v); }, x, 0, 3, tiny);
  };
  const auto silu_slope = [=](N x, N) {
    const Real s = formulas::sigmoid(x.value);
    return N(limit(x.value, s * (1 + x.value * (1 - s))), 0, 4, 0.25L);
  };
  const auto distribution = [](Real x) { return std::erfc(-x / std::numbers::sqrt2_v<Real>) / 2; };
  const auto gelu = [=](N x, N) { return N(x.value * distribution(x.value), 0, 10, tiny); };
  const auto gelu_slope = [=](N x, N) {
    const Real density =
        std::exp(-x.value * x.value / 2) * std::numbers::inv_sqrtpi_v<Real> / std::numbers::sqrt2_v<Real>;
    return N(limit(x.value, distribution(x.value) + x.value * density), 0, 10, 0.25L);
  };
  static const std::map<std::string, Activation<T>> all{
      {"relu", {relu, relu_slope}},
      {"leaky_relu", {leaky, leaky_slope}},
      {"tanh", {tanh, [=](N x, N a) { return (N(1) - tanh(x, a)) * (N(1) + tanh(x, a)); }}},
      {"sigmoid",
       {[](N x, N) { return sigmoid(x); }, [](N x, N) { return sigmoid(x) * (N(1) - sigmoid(x)); }}},
      {"softplus", {softplus, [](N x, N) { return sigmoid(x); }}},
      {"elu", {elu, elu_slope}},
      {"gelu", {gelu, gelu_slope}},
      {"silu", {silu, silu_slope}},
      {"scale", {[](N x, N a) { return a * x; }, [](N, N a) { return a; }}},
  };
  return all;
}

// --- Losses of single elements, with their derivatives by x and by the target

template <class T>
struct ElementLoss {
  using N = Number<T>;
  std::function<N(N x, N t, N delta)> value, by_x, by_target;
};

template <class T>
const std::map<std::string, ElementLoss<T>>& element_losses() {
  using N = Number<T>;
  const auto size = [](N u) { return u.value < 0 ? -u : u; };
  const auto sign = [](N x, N t, N) {
    const Real u = x.value - t.value;
    return N(u > 0 ? 1 : u < 0 ? -1 : u);
  };
  const auto huber = [=](N x, N t, N delta) {
    const N u = size(x - t);
    return u.value > delta.value ? delta * (u - delta / N(2)) : u * u / N(2);
  };
  const auto clamped = [](N x, N t, N delta) {
    const N u = x - t;
    return u.value > delta.value ? delta : u.value < -delta.value ? -delta : u;
  };
  const auto logistic = [](N z, N t, N) {
    const N positive = z.value < 0 ? N(0) : z;
    const N product = t.value == 0 ? N(0) : z * t;
    return positive - product + function([](Real v) { return std::log1p(std::exp(-std::abs(v))); }, z, 0, 2);
  };
  static const std::map<std::string, ElementLoss<T>> all{
      {"mse",
       {[](N x, N t, N) { return (x - t) * (x - t); }, [](N x, N t, N) { return N(2) * (x - t); },
        [](N x, N t, N) { return N(2) * (t - x); }}},
      {"l1", {[=](N x, N t, N) { return size(x - t); }, sign, [=](N x, N t, N d) { return -sign(x, t, d); }}},
      {"huber", {huber, clamped, [=](N x, N t, N d) { return -clamped(x, t, d); }}},
      {"binary_cross_entropy",
       {logistic, [](N z, N t, N) { return sigmoid(z) - t; }, [](N z, N, N) { return -z; }}},
  };
  return all;
}

// --- Softmax of one column

template <class T>
struct Softmax {
  using N = Number<T>;
  N largest, log_sum;  // log(sum(exp(z))) = largest + log_sum
  std::vector<N> p;

  Softmax(const Grid<T>& z, Index c) : largest(-std::numeric_limits<Real>::infinity()) {
    const Index n = z.shape().rows;
    for (Index r = 0; r < n; ++r) largest.value = std::max(largest.value, z(r, c).value);
    const auto e = [&](Index r) { return exp(z(r, c) - largest); };
    const N sum = total<T>(n, e);
    log_sum = log(sum);
    for (Index r = 0; r < n; ++r) p.push_back(e(r) / sum);
  }
  N minus_log(N z) const { return largest - z + log_sum; }
};

template <class T>
std::vector<Softmax<T>> softmax_of_columns(const Grid<T>& z) {
  std::vector<Softmax<T>> all;
  for (Index c = 0; c < z.shape().cols; ++c) all.emplace_back(z, c);
  return all;
}

template <class T>
Grid<T> filled_like(const Grid<T>& g, const auto& f) {
  return Grid<T>(g.shape().rows, g.shape().cols, f);
}
template <class T>
Grid<T> transposed(const Grid<T>& a) {
  return Grid<T>(a.shape().cols, a.shape().rows, [&](Index r, Index c) { return a(c, r); });
}
template <class T>
Grid<T> product(const Grid<T>& a, const Grid<T>& b) {
  return Grid<T>(a.shape().rows, b.shape().cols, [&](Index r, Index c) {
    return total<T>(a.shape().cols, [&](Index k) { return a(r, k) * b(k, c); });
  });
}
/// What is added to each column counts for all of them.
template <class T>
Grid<T> row_sums(const Grid<T>& a) {
  return Grid<T>(a.shape().rows, 1,
                 [&](Index r, Index) { return total<T>(a.shape().cols, [&](Index c) { return a(r, c); }); });
}

/// Rows normalised, with gain and bias one a row (or one a column, for layer normalisation).
template <class T>
Exact<T> normalized_rows(const Grid<T>& x, const Grid<T>& gain, const Grid<T>& bias, Real epsilon,
                         const Grid<T>& dy, bool gain_by_column) {
  using N = Number<T>;
  const Index rows = x.shape().rows;
  const Index cols = x.shape().cols;
  const N b = static_cast<Real>(cols);
  const auto at = [&](Index r, Index c) { return gain_by_column ? c : r; };
  std::vector<N> n;
  std::vector<N> mean;
  for (Index r = 0; r < rows; ++r) {
    mean.push_back(total<T>(cols, [&](Index c) { return x(r, c); }) / b);
    const auto square = [&](Index c) { return (x(r, c) - mean[r]) * (x(r, c) - mean[r]); };
    n.push_back(inverse_root(total<T>(cols, square) / b, epsilon));
  }
  const auto h = filled_like(x, [&](Index r, Index c) { return n[r] * (x(r, c) - mean[r]); });
  const auto y = filled_like(x, [&](Index r, Index c) { return gain[at(r, c)] * h(r, c) + bias[at(r, c)]; });
  // A gain of its own for each term of a mean is part of the mean.
  const auto inside = [&](Index r, Index c) { return gain_by_column ? gain[c] * dy(r, c) : dy(r, c); };
  const auto dx = filled_like(x, [&](Index r, Index c) {
    const N first = total<T>(cols, [&](Index i) { return inside(r, i); }) / b;
    const N second = total<T>(cols, [&](Index i) { return inside(r, i) * h(r, i); }) / b;
    return (gain_by_column ? n[r] : gain[r] * n[r]) * (inside(r, c) - first - h(r, c) * second);
  });
  const auto products = filled_like(x, [&](Index r, Index c) { return dy(r, c) * h(r, c); });
  if (gain_by_column) return {y, {dx, row_sums(transposed(products)), row_sums(transposed(dy))}};
  return {y, {dx, row_sums(products), row_sums(dy)}};
}

template <class T>
Exact<T> normalized_by_given(const std::vector<Grid<T>>& in, Real epsilon, const Grid<T>& dy) {
  using N = Number<T>;
  const Grid<T>&x = in[0], &gain = in[1], &bias = in[2], &mean = in[3], &variance = in[4];
  std::vector<N> n;
  for (Index r = 0; r < x.shape().rows; ++r) n.push_back(inverse_root(variance[r], epsilon));
  const auto u = filled_like(x, [&](Index r, Index c) { return x(r, c) - mean[r]; });
  const auto products = row_sums(filled_like(x, [&](Index r, Index c) { return dy(r, c) * u(r, c); }));
  const auto sums = row_sums(dy);
  const auto by_row = [&](const auto& f) { return filled_like(gain, [&](Index r, Index) { return f(r); }); };
  return {filled_like(x, [&](Index r, Index c) { return gain[r] * n[r] * u(r, c) + bias[r]; }),
          {filled_like(x, [&](Index r, Index c) { return gain[r] * n[r] * dy(r, c); }),
           by_row([&](Index r) { return n[r] * products[r]; }), sums,
           by_row([&](Index r) { return -(gain[r] * n[r] * sums[r]); }),
           by_row([&](Index r) { return N(-0.5L) * gain[r] * n[r] * n[r] * n[r] * products[r]; })}};
}

}  // namespace formulas

/// What an op of that name gives, and its vjp for the cotangent; nothing if no formula is written down here.
template <class T>
std::optional<Exact<T>> exact(const OpSample& sample, const Samples& s, const td::Matrix<double>& cotangent) {
  using namespace formulas;
  using N = Number<T>;
  std::istringstream text(sample.name);
  std::vector<std::string> words{std::istream_iterator<std::string>(text), {}};
  const std::string& name = words.front();
  const auto number = [&](std::size_t word, double otherwise) -> double {
    if (words.size() <= word || words[word].find_first_not_of("-.0123456789") != std::string::npos)
      return otherwise;
    return std::stod(words[word]);
  };
  const auto option = [&](std::size_t word, double otherwise) {
    return N(static_cast<T>(number(word, otherwise)));
  };
  std::vector<Grid<T>> in;
  for (const Elements& e : s.inputs) {
    if (const auto* m = std::get_if<td::Matrix<double>>(&e)) in.emplace_back(*m);
  }
  const Grid<T> dy(cotangent);
  const Grid<T>& x = in.front();
  const Index rows = x.shape().rows;
  const Index cols = x.shape().cols;
  const auto like_x = [&](const auto& f) { return filled_like(x, f); };
  const auto single = [](N n) { return Grid<T>(1, 1, [=](Index, Index) { return n; }); };

  if (const auto f = activations<T>().find(name); f != activations<T>().end()) {
    const N a = option(1, name == "leaky_relu" ? 0.01 : 1);
    return Exact<T>{like_x([&](Index r, Index c) { return f->second.value(x(r, c), a); }),
                    {like_x([&](Index r, Index c) { return dy(r, c) * f->second.slope(x(r, c), a); })}};
  }
  if (name == "add" || name == "subtract") {
    const N sign = name == "add" ? 1 : -1;
    return Exact<T>{like_x([&](Index r, Index c) { return x(r, c) + sign * in[1](r, c); }),
                    {dy, like_x([&](Index r, Index c) { return sign * dy(r, c); })}};
  }
  if (name == "multiply") {
    const auto times = [&](const Grid<T>& a, const Grid<T>& b) {
      return like_x([&](Index r, Index c) { return a(r, c) * b(r, c); });
    };
    return Exact<T>{times(x, in[1]), {times(dy, in[1]), times(dy, x)}};
  }
  if (name == "product") {
    return Exact<T>{product(x, in[1]), {product(dy, transposed(in[1])), product(transposed(x), dy)}};
  }
  if (name == "affine") {
    const Grid<T> wx = product(x, in[2]);
    return Exact<T>{filled_like(wx, [&](Index r, Index c) { return wx(r, c) + in[1](r, 0); }),
                    {product(dy, transposed(in[2])), row_sums(dy), product(transposed(x), dy)}};
  }
  if (name == "dropout") {  // what it makes of ones is the mask
    Samples ones = s;
    std::get<td::Matrix<double>>(ones.inputs[0]).ones();
    const td::Matrix<double> mask = run<T>(sample, ones).output;
    const auto select = [&](const Grid<T>& g) {
      return like_x([&](Index r, Index c) { return mask(r, c) == 0 ? N(0) : N(mask(r, c)) * g(r, c); });
    };
    return Exact<T>{select(x), {select(dy)}};
  }
  if (name == "sum" || name == "mean") {
    const std::string& over = words[1];
    const Index count = over == "everything" ? rows * cols : over == "features" ? rows : cols;
    const N divisor = name == "sum" ? 1 : static_cast<Real>(count);
    const N share = N(1) / divisor;
    const auto spread = [&](const auto& place) {
      return like_x([&](Index r, Index c) { return share * dy[place(r, c)]; });
    };
    if (over == "batch") {
      const Grid<T> sums = row_sums(x);
      return Exact<T>{filled_like(sums, [&](Index r, Index) { return sums[r] / divisor; }),
                      {spread([](Index r, Index) { return r; })}};
    }
    if (over == "features") {
      const Grid<T> sums = transposed(row_sums(transposed(x)));
      return Exact<T>{filled_like(sums, [&](Index, Index c) { return sums[c] / divisor; }),
                      {spread([](Index, Index c) { return c; })}};
    }
    return Exact<T>{single(total<T>(count, [&](Index i) { return x[i]; }) / divisor),
                    {spread([](Index, Index) { return Index{0}; })}};
  }
  if (name == "concatenate_rows") {
    Index above = 0;
    Exact<T> e;
    std::vector<std::pair<const Grid<T>*, Index>> source;
    for (const Grid<T>& g : in) {
      for (Index r = 0; r < g.shape().rows; ++r) source.emplace_back(&g, r);
      e.gradients.push_back(filled_like(g, [&](Index r, Index c) { return dy(above + r, c); }));
      above += g.shape().rows;
    }
    e.output =
        Grid<T>(above, cols, [&](Index r, Index c) { return (*source[r].first)(source[r].second, c); });
    return e;
  }
  if (name == "slice_rows") {
    const auto first = static_cast<Index>(number(1, 0));
    const auto count = static_cast<Index>(number(2, 0));
    return Exact<T>{Grid<T>(count, cols, [&](Index r, Index c) { return x(first + r, c); }),
                    {like_x([&](Index r, Index c) {
                      return r >= first && r < first + count ? dy(r - first, c) : N(0);
                    })}};
  }
  if (name == "softmax" || name == "log_softmax") {
    const auto s_of = softmax_of_columns(x);
    const bool is_log = name == "log_softmax";
    const auto y =
        like_x([&](Index r, Index c) { return is_log ? -s_of[c].minus_log(x(r, c)) : s_of[c].p[r]; });
    return Exact<T>{y, {like_x([&](Index r, Index c) {
                      const N sum =
                          total<T>(rows, [&](Index i) { return is_log ? dy(i, c) : dy(i, c) * y(i, c); });
                      return is_log ? dy(r, c) - exp(y(r, c)) * sum : y(r, c) * (dy(r, c) - sum);
                    })}};
  }
  const auto scaled_by = [&](bool one_a_sample) {
    const std::string& reduction = words.back();
    return reduction == "batch_sum"                    ? N(1)
           : reduction == "batch_mean" || one_a_sample ? N(static_cast<Real>(cols))
                                                       : N(static_cast<Real>(rows * cols));
  };
  if (const auto f = element_losses<T>().find(name); f != element_losses<T>().end()) {
    const ElementLoss<T>& loss = f->second;
    const N delta = option(1, 1);
    const N n = scaled_by(false);
    const N share = dy[0] / n;
    const auto times_share = [&](const auto& slope) {
      return like_x([&](Index r, Index c) { return slope(x(r, c), in[1](r, c), delta) * share; });
    };
    const N sum = total<T>(rows * cols, [&](Index i) { return loss.value(x[i], in[1][i], delta); });
    return Exact<T>{single(sum / n), {times_share(loss.by_x), times_share(loss.by_target)}};
  }
  if (name == "cross_entropy") {
    const auto& labels = std::get<td::IndexMatrix>(s.inputs[1]);
    const auto s_of = softmax_of_columns(x);
    const N n = scaled_by(true);
    const N sum = total<T>(cols, [&](Index c) { return s_of[c].minus_log(x(labels[c], c)); });
    return Exact<T>{
        single(sum / n),
        {like_x([&](Index r, Index c) { return (s_of[c].p[r] - N(labels[c] == r ? 1 : 0)) * (dy[0] / n); })}};
  }
  if (name == "soft_cross_entropy") {
    const Grid<T>& t = in[1];
    const auto s_of = softmax_of_columns(x);
    const N n = scaled_by(true);
    const auto loss = [&](Index c) {
      if (std::isnan(s_of[c].log_sum.value)) return s_of[c].log_sum;
      return total<T>(
          rows, [&](Index r) { return t(r, c).value == 0 ? N(0) : t(r, c) * s_of[c].minus_log(x(r, c)); });
    };
    return Exact<T>{single(total<T>(cols, loss) / n),
                    {like_x([&](Index r, Index c) {
                       const N sum = total<T>(rows, [&](Index i) { return t(i, c); });
                       return (s_of[c].p[r] * sum - t(r, c)) * (dy[0] / n);
                     }),
                     like_x([&](Index r, Index c) {
                       return (s_of[c].largest + s_of[c].log_sum - x(r, c)) * (dy[0] / n);
                     })}};
  }
  if (name == "batch_norm") return normalized_rows(x, in[1], in[2], number(1, 1e-5), dy, false);
  if (name == "batch_norm_given") return normalized_by_given(in, number(1, 1e-5), dy);
  if (name == "layer_norm") {
    Exact<T> e = normalized_rows(transposed(x), in[1], in[2], number(1, 1e-5), transposed(dy), true);
    return Exact<T>{transposed(e.output), {transposed(e.gradients[0]), e.gradients[1], e.gradients[2]}};
  }
  return std::nullopt;
}

}  // namespace test
