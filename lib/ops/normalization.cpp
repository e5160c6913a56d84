#include "tapedeck/ops/normalization.hpp"

#include <cmath>

#include "core/ranges.hpp"
#include "tapedeck/tape/op.hpp"
#include "tapedeck/tape/tape.hpp"

namespace tapedeck {
namespace {

template <class M>
using ElementType = typename std::remove_cvref_t<M>::elem_type;

struct Moments {
  double mean;
  double variance;  ///< biased: divided by the count
};

// Mean and variance of `count` elements, `stride` apart; the second pass is about the mean, so nothing
// cancels.
template <class T>
Moments moments(const T* x, Index count, Index stride) {
  double sum = 0;
  for (Index i = 0; i < count; ++i) sum += static_cast<double>(x[i * stride]);
  const double mean = sum / static_cast<double>(count);
  double squares = 0;
  for (Index i = 0; i < count; ++i) {
    const double d = static_cast<double>(x[i * stride]) - mean;
    squares += d * d;
  }
  return {mean, squares / static_cast<double>(count)};
}

// dgain = sum over the batch of dy (.) h     dbias = sum over the batch of dy
void gain_and_bias(auto& dgain, auto& dbias, const auto& dy, const auto& h) {
  dgain += arma::sum(dy % h, 1);
  dbias += arma::sum(dy, 1);
}

// One run of a normalised axis: sum += n (g - mean(g) - h mean(g h)), where g = gain dy.
template <class T, class Gain>
void add_normalised(T* sum, const T* dy, const T* h, Index count, Index stride, double n, const Gain& gain) {
  double mean_g = 0;
  double mean_gh = 0;
  for (Index i = 0; i < count; ++i) {
    const double g = gain(i) * static_cast<double>(dy[i * stride]);
    mean_g += g;
    mean_gh += g * static_cast<double>(h[i * stride]);
  }
  mean_g /= static_cast<double>(count);
  mean_gh /= static_cast<double>(count);
  for (Index i = 0; i < count; ++i) {
    const double g = gain(i) * static_cast<double>(dy[i * stride]);
    sum[i * stride] += static_cast<T>(n * (g - mean_g - static_cast<double>(h[i * stride]) * mean_gh));
  }
}

// h = n (x - m)     y = gain h + bias     m, v over the batch, n = 1 / sqrt(v + epsilon)
struct BatchNorm {
  static constexpr auto name = "batch_norm";
  static constexpr Signature signature =
      "x(f,b) gain(f,1)* bias(f,1) -> y(f,b) | h(f,b) n(f,1) mean(f,1) unbiased(f,1)";
  RunningStatistics running;
  double epsilon;

  void forward(Context& context, auto& y, auto& h, auto& n, auto& mean, auto& unbiased, const auto& x,
               const auto& gain, const auto& bias) const {
    using T = ElementType<decltype(x)>;
    if (x.n_cols < 2) {
      throw ShapeError(
          {.who = name,
           .given = "x is " + to_string(shape_of(x)),
           .wanted = "a batch of at least 2",
           .hint = "the variance of one sample is not defined; evaluate mode uses running statistics"});
    }
    const double batch = static_cast<double>(x.n_cols);
    for (Index r = 0; r < x.n_rows; ++r) {
      const Moments m = moments(x.memptr() + r, x.n_cols, x.n_rows);
      const double scale = 1 / std::sqrt(m.variance + epsilon);
      for (Index c = 0; c < x.n_cols; ++c) {
        h(r, c) = static_cast<T>(scale * (static_cast<double>(x(r, c)) - m.mean));
        y(r, c) = gain[r] * h(r, c) + bias[r];
      }
      n[r] = static_cast<T>(scale);
      mean[r] = static_cast<T>(m.mean);
      unbiased[r] = static_cast<T>(m.variance * batch / (batch - 1));
    }
    context.hand_over(running.mean, mean, running.momentum);
    context.hand_over(running.variance, unbiased, running.momentum);
  }
  void vjp(auto& dx, auto& dgain, auto& dbias, const auto& dy, const auto& gain, const auto& h, const auto& n,
           const auto& /*mean*/, const auto& /*unbiased*/) const {
    gain_and_bias(dgain, dbias, dy, h);
    auto* sum = dx.accumulate();
    for (Index r = 0; sum != nullptr && r < h.n_rows; ++r) {
      const double g = static_cast<double>(gain[r]);
      add_normalised(sum + r, dy.memptr() + r, h.memptr() + r, h.n_cols, h.n_rows, static_cast<double>(n[r]),
                     [=](Index) { return g; });
    }
  }
};

// y = gain n (x - mean) + bias, n = 1 / sqrt(variance + epsilon)
// dx = gain n dy     dmean = -sum(dx)     dvariance = -gain n^3 sum(dy (x - mean)) / 2, sums over the batch
struct BatchNormGiven {
  static constexpr auto name = "batch_norm_given";
  static constexpr Signature signature = "x(f,b)* gain(f,1)* bias(f,1) mean(f,1)* variance(f,1)* -> y(f,b)";
  double epsilon;

  auto factor(auto variance) const {
    return 1 / std::sqrt(variance + static_cast<decltype(variance)>(epsilon));
  }

  void forward(auto& y, const auto& x, const auto& gain, const auto& bias, const auto& mean,
               const auto& variance) const {
    for (Index c = 0; c < x.n_cols; ++c) {
      for (Index r = 0; r < x.n_rows; ++r)
        y(r, c) = gain[r] * factor(variance[r]) * (x(r, c) - mean[r]) + bias[r];
    }
  }
  void vjp(auto& dx, auto& dgain, auto& dbias, auto& dmean, auto& dvariance, const auto& dy, const auto& x,
           const auto& gain, const auto& mean, const auto& variance) const {
    dbias += arma::sum(dy, 1);
    auto* in = dx.accumulate();
    auto* g = dgain.accumulate();
    auto* m = dmean.accumulate();
    auto* v = dvariance.accumulate();
    for (Index c = 0; c < x.n_cols; ++c) {
      for (Index r = 0; r < x.n_rows; ++r) {
        const auto n = factor(variance[r]);
        const auto centred = x(r, c) - mean[r];
        if (in != nullptr) in[c * x.n_rows + r] += gain[r] * n * dy(r, c);
        if (g != nullptr) g[r] += n * centred * dy(r, c);
        if (m != nullptr) m[r] -= gain[r] * n * dy(r, c);
        if (v != nullptr) v[r] -= gain[r] * n * n * n * centred * dy(r, c) / 2;
      }
    }
  }
};

// h = n (x - m)     y = gain h + bias     m, v over the features of a column, n = 1 / sqrt(v + epsilon)
struct LayerNorm {
  static constexpr auto name = "layer_norm";
  static constexpr Signature signature = "x(f,b) gain(f,1)* bias(f,1) -> y(f,b) | h(f,b) n(1,b)";
  double epsilon;

  void forward(auto& y, auto& h, auto& n, const auto& x, const auto& gain, const auto& bias) const {
    using T = ElementType<decltype(x)>;
    if (x.n_rows == 0) {
      throw ShapeError(
          {.who = name, .given = "x is " + to_string(shape_of(x)), .wanted = "at least one feature"});
    }
    for (Index c = 0; c < x.n_cols; ++c) {
      const Moments m = moments(x.colptr(c), x.n_rows, 1);
      const double scale = 1 / std::sqrt(m.variance + epsilon);
      for (Index r = 0; r < x.n_rows; ++r) {
        h(r, c) = static_cast<T>(scale * (static_cast<double>(x(r, c)) - m.mean));
        y(r, c) = gain[r] * h(r, c) + bias[r];
      }
      n[c] = static_cast<T>(scale);
    }
  }
  void vjp(auto& dx, auto& dgain, auto& dbias, const auto& dy, const auto& gain, const auto& h,
           const auto& n) const {
    gain_and_bias(dgain, dbias, dy, h);
    auto* sum = dx.accumulate();
    for (Index c = 0; sum != nullptr && c < h.n_cols; ++c) {
      add_normalised(sum + c * h.n_rows, dy.colptr(c), h.colptr(c), h.n_rows, 1, static_cast<double>(n[c]),
                     [&](Index i) { return static_cast<double>(gain[i]); });
    }
  }
};

}  // namespace

Value batch_norm(const Value& x, const Operand& gain, const Operand& bias, const RunningStatistics& running,
                 double epsilon) {
  Tape& tape = x.tape();
  ranges::require_positive("batch_norm", "epsilon", epsilon, tape.scalar());
  ranges::require_fraction("batch_norm", "momentum", running.momentum);
  return apply(BatchNorm{running, epsilon}, x, gain.on(tape), bias.on(tape));
}

Value batch_norm_given(const Value& x, const Operand& gain, const Operand& bias, const Operand& mean,
                       const Operand& variance, double epsilon) {
  Tape& tape = x.tape();
  ranges::require_positive("batch_norm_given", "epsilon", epsilon, tape.scalar());
  return apply(BatchNormGiven{epsilon}, x, gain.on(tape), bias.on(tape), mean.on(tape), variance.on(tape));
}

Value layer_norm(const Value& x, const Operand& gain, const Operand& bias, double epsilon) {
  Tape& tape = x.tape();
  ranges::require_positive("layer_norm", "epsilon", epsilon, tape.scalar());
  return apply(LayerNorm{epsilon}, x, gain.on(tape), bias.on(tape));
}

}  // namespace tapedeck
