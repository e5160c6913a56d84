#include "tapedeck/ops/normalization.hpp"

#include "core/ranges.hpp"
#include "kernels/batch_norm.hpp"
#include "kernels/layer_norm.hpp"
#include "tapedeck/tape/op.hpp"
#include "tapedeck/tape/tape.hpp"

namespace tapedeck {
namespace {

// h = n (x - m)     y = gain h + bias     m, v over the batch, n = 1 / sqrt(v + epsilon)
struct BatchNormOp {
  static constexpr auto name = "batch_norm";
  static constexpr Signature signature =
      "x(f,b) gain(f,1)* bias(f,1) -> y(f,b) | h(f,b) n(f,1) mean(f,1) unbiased(f,1)";
  RunningStatistics running;
  double epsilon;

  void forward(Context& context, auto& y, auto& h, auto& n, auto& mean, auto& unbiased, const auto& x,
               const auto& gain, const auto& bias) const {
    if (x.n_cols < 2) {
      throw ShapeError(
          {.who = name,
           .given = "x is " + to_string(shape_of(x)),
           .wanted = "a batch of at least 2",
           .hint = "the variance of one sample is not defined; evaluate mode uses running statistics"});
    }
    kernels::run(kernels::BatchNorm{shape_of(x), x.memptr(), gain.memptr(), bias.memptr(), epsilon,
                                    y.memptr(), h.memptr(), n.memptr(), mean.memptr(), unbiased.memptr()});
    context.record_statistic(running.mean, mean, running.momentum);
    context.record_statistic(running.variance, unbiased, running.momentum);
  }
  void vjp(auto& dx, auto& dgain, auto& dbias, const auto& dy, const auto& gain, const auto& h, const auto& n,
           const auto& /*mean*/, const auto& /*unbiased*/) const {
    kernels::run(kernels::BatchNormVjp{shape_of(dy), dy.memptr(), gain.memptr(), h.memptr(), n.memptr(),
                                       dx.destination(), dgain.destination(), dbias.destination()});
  }
};

// y = gain n (x - mean) + bias, n = 1 / sqrt(variance + epsilon)
// dx = gain n dy     dmean = -sum(dx)     dvariance = -gain n^3 sum(dy (x - mean)) / 2, sums over the batch
struct BatchNormGivenOp {
  static constexpr auto name = "batch_norm_given";
  static constexpr Signature signature = "x(f,b)* gain(f,1)* bias(f,1) mean(f,1)* variance(f,1)* -> y(f,b)";
  double epsilon;

  void forward(auto& y, const auto& x, const auto& gain, const auto& bias, const auto& mean,
               const auto& variance) const {
    kernels::run(kernels::BatchNormGiven{shape_of(x), x.memptr(), gain.memptr(), bias.memptr(), mean.memptr(),
                                         variance.memptr(), epsilon, y.memptr()});
  }
  void vjp(auto& dx, auto& dgain, auto& dbias, auto& dmean, auto& dvariance, const auto& dy, const auto& x,
           const auto& gain, const auto& mean, const auto& variance) const {
    kernels::run(kernels::BatchNormGivenVjp{shape_of(dy), dy.memptr(), x.memptr(), gain.memptr(),
                                            mean.memptr(), variance.memptr(), epsilon, dx.destination(),
                                            dgain.destination(), dbias.destination(), dmean.destination(),
                                            dvariance.destination()});
  }
};

// h = n (x - m)     y = gain h + bias     m, v over the features of a column, n = 1 / sqrt(v + epsilon)
struct LayerNormOp {
  static constexpr auto name = "layer_norm";
  static constexpr Signature signature = "x(f,b) gain(f,1)* bias(f,1) -> y(f,b) | h(f,b) n(1,b)";
  double epsilon;

  void forward(auto& y, auto& h, auto& n, const auto& x, const auto& gain, const auto& bias) const {
    if (x.n_rows == 0) {
      throw ShapeError(
          {.who = name, .given = "x is " + to_string(shape_of(x)), .wanted = "at least one feature"});
    }
    kernels::run(kernels::LayerNorm{shape_of(x), x.memptr(), gain.memptr(), bias.memptr(), epsilon,
                                    y.memptr(), h.memptr(), n.memptr()});
  }
  void vjp(auto& dx, auto& dgain, auto& dbias, const auto& dy, const auto& gain, const auto& h,
           const auto& n) const {
    kernels::run(kernels::LayerNormVjp{shape_of(dy), dy.memptr(), gain.memptr(), h.memptr(), n.memptr(),
                                       dx.destination(), dgain.destination(), dbias.destination()});
  }
};

}  // namespace

Value batch_norm(const Value& x, const Operand& gain, const Operand& bias, const RunningStatistics& running,
                 double epsilon) {
  ranges::require_positive("batch_norm", "epsilon", epsilon, x.tape().scalar());
  ranges::require_fraction("batch_norm", "momentum", running.momentum);
  return apply(BatchNormOp{running, epsilon}, x, gain, bias);
}

Value batch_norm_given(const Value& x, const Operand& gain, const Operand& bias, const Operand& mean,
                       const Operand& variance, double epsilon) {
  ranges::require_positive("batch_norm_given", "epsilon", epsilon, x.tape().scalar());
  return apply(BatchNormGivenOp{epsilon}, x, gain, bias, mean, variance);
}

Value layer_norm(const Value& x, const Operand& gain, const Operand& bias, double epsilon) {
  ranges::require_positive("layer_norm", "epsilon", epsilon, x.tape().scalar());
  return apply(LayerNormOp{epsilon}, x, gain, bias);
}

}  // namespace tapedeck
