#include "tapedeck/ops/loss.hpp"

#include "core/kernel_map.hpp"
#include "core/ranges.hpp"
#include "kernels/cross_entropy.hpp"
#include "kernels/loss_sum.hpp"
#include "tapedeck/tape/op.hpp"
#include "tapedeck/tape/tape.hpp"

namespace tapedeck {
namespace {

// What a sum over `shape` is divided by; for losses with one number a sample that is 1 x batch.
double divisor(Reduction reduction, Shape shape) {
  switch (reduction) {
    case Reduction::batch_sum:
      return 1;
    case Reduction::batch_mean:
      return static_cast<double>(shape.cols);
    case Reduction::element_mean:
      return static_cast<double>(shape.size());
  }
  return 1;
}

void require_samples(const char* who, const auto& x) {
  if (!x.is_empty()) return;
  throw ShapeError({.who = who,
                    .given = "an empty batch, " + to_string(shape_of(x)),
                    .wanted = "at least one sample with one output"});
}

template <class T>
void divide(Matrix<T>& l, double sum, Reduction reduction, Shape shape) {
  l(0, 0) = static_cast<T>(sum / divisor(reduction, shape));
}

// l(0,0) = sum over elements of f(x, t) / n, accumulated in double.
template <class T>
void reduce(Matrix<T>& l, const char* who, Reduction reduction, const Matrix<T>& x, const Matrix<T>& t,
            kernels::LossFunction f, double delta = 0) {
  require_samples(who, x);
  divide(l, kernels::loss_sum(f, x.memptr(), t.memptr(), x.n_elem, delta), reduction, shape_of(x));
}

// dl / n, which every element of a cotangent is scaled by.
template <class T>
T share(const Matrix<T>& dl, Reduction reduction, Shape shape) {
  return static_cast<T>(static_cast<double>(dl(0, 0)) / divisor(reduction, shape));
}

// l = sum (x - t)^2 / n     dx = 2 (x - t) dl / n     dt = -dx
struct MseOp {
  static constexpr auto name = "mse";
  static constexpr Signature signature = "x(f,b)* target(f,b)* -> l(1,1)";
  Reduction reduction;

  void forward(auto& l, const auto& x, const auto& t) const {
    reduce(l, name, reduction, x, t, kernels::squared);
  }
  void vjp(auto& dx, auto& dt, const auto& dl, const auto& x, const auto& t) const {
    const auto factor = 2 * share(dl, reduction, shape_of(x));
    dx += kernels::map(kernels::difference, x, t).with(factor);
    dt += kernels::map(kernels::difference, t, x).with(factor);
  }
};

// l = sum |x - t| / n     dx = sign(x - t) dl / n     dt = -dx
struct L1Op {
  static constexpr auto name = "l1";
  static constexpr Signature signature = "x(f,b)* target(f,b)* -> l(1,1)";
  Reduction reduction;

  void forward(auto& l, const auto& x, const auto& t) const {
    reduce(l, name, reduction, x, t, kernels::absolute);
  }
  void vjp(auto& dx, auto& dt, const auto& dl, const auto& x, const auto& t) const {
    const auto factor = share(dl, reduction, shape_of(x));
    dx += kernels::map(kernels::sign_difference, x, t).with(factor);
    dt += kernels::map(kernels::sign_difference, t, x).with(factor);
  }
};

// l = sum h(x - t) / n,  h(e) = e^2 / 2 where |e| <= delta, else delta (|e| - delta / 2)
// dx = clamp(x - t, -delta, delta) dl / n     dt = -dx
struct HuberOp {
  static constexpr auto name = "huber";
  static constexpr Signature signature = "x(f,b)* target(f,b)* -> l(1,1)";
  Reduction reduction;
  double delta;

  void forward(auto& l, const auto& x, const auto& t) const {
    reduce(l, name, reduction, x, t, kernels::huber, delta);
  }
  void vjp(auto& dx, auto& dt, const auto& dl, const auto& x, const auto& t) const {
    const auto factor = share(dl, reduction, shape_of(x));
    dx += kernels::map(kernels::clamped_difference, x, t).with(factor, delta);
    dt += kernels::map(kernels::clamped_difference, t, x).with(factor, delta);
  }
};

// l = sum over samples of (log sum exp z - z[t]) / n     dz = (softmax(z) - onehot(t)) dl / n
struct CrossEntropyOp {
  static constexpr auto name = "cross_entropy";
  static constexpr Signature signature = "logits(c,b) labels(1,b):index* -> l(1,1) | p(c,b)";
  Reduction reduction;

  void forward(auto& l, auto& p, const auto& z, const auto& t) const {
    require_samples(name, z);
    for (Index c = 0; c < z.n_cols; ++c) ranges::require_label(name, "label", t[c], c, z.n_rows);
    divide(l, kernels::cross_entropy(p.memptr(), z.memptr(), shape_of(z), t.memptr()), reduction,
           {1, z.n_cols});
  }
  void vjp(auto& dz, const auto& dl, const auto& t, const auto& p) const {
    using T = typename std::remove_cvref_t<decltype(p)>::elem_type;
    const T factor = share(dl, reduction, {1, p.n_cols});
    dz += kernels::map(kernels::scale, p).with(factor);
    T* sum = dz.accumulate();
    for (Index c = 0; sum != nullptr && c < p.n_cols; ++c) sum[t[c] + c * p.n_rows] -= factor;
  }
};

// l = sum over samples of (sum(t) log sum exp z - t' z) / n
// dz = (softmax(z) sum(t) - t) dl / n     dt = (log sum exp z - z) dl / n
struct SoftCrossEntropyOp {
  static constexpr auto name = "soft_cross_entropy";
  static constexpr Signature signature = "logits(c,b)* targets(c,b)* -> l(1,1) | p(c,b) lse(1,b)";
  Reduction reduction;

  void forward(auto& l, auto& p, auto& lse, const auto& z, const auto& t) const {
    require_samples(name, z);
    divide(l, kernels::soft_cross_entropy(p.memptr(), lse.memptr(), z.memptr(), shape_of(z), t.memptr()),
           reduction, {1, z.n_cols});
  }
  void vjp(auto& dz, auto& dt, const auto& dl, const auto& z, const auto& t, const auto& p,
           const auto& lse) const {
    using T = typename std::remove_cvref_t<decltype(z)>::elem_type;
    kernels::run(kernels::SoftCrossEntropyVjp<T>{shape_of(z), share(dl, reduction, {1, z.n_cols}), z.memptr(),
                                                 t.memptr(), p.memptr(), lse.memptr(), dz.destination(),
                                                 dt.destination()});
  }
};

// l = sum (max(z, 0) - z t + log(1 + exp(-|z|))) / n     dz = (sigmoid(z) - t) dl / n     dt = -z dl / n
struct BinaryCrossEntropyOp {
  static constexpr auto name = "binary_cross_entropy";
  static constexpr Signature signature = "logits(f,b)* targets(f,b)* -> l(1,1)";
  Reduction reduction;

  void forward(auto& l, const auto& z, const auto& t) const {
    reduce(l, name, reduction, z, t, kernels::logistic);
  }
  void vjp(auto& dz, auto& dt, const auto& dl, const auto& z, const auto& t) const {
    const auto factor = share(dl, reduction, shape_of(z));
    dz += kernels::map(kernels::logistic_difference, z, t).with(factor);
    dt += kernels::map(kernels::scale, z).with(-factor);
  }
};

}  // namespace

Value mse(const Value& x, const Operand& target, Reduction reduction) {
  return apply(MseOp{reduction}, x, target);
}

Value l1(const Value& x, const Operand& target, Reduction reduction) {
  return apply(L1Op{reduction}, x, target);
}

Value huber(const Value& x, const Operand& target, Reduction reduction, double delta) {
  ranges::require_positive("huber", "delta", delta);
  return apply(HuberOp{reduction, delta}, x, target);
}

Value cross_entropy(const Value& logits, const Operand& labels, Reduction reduction) {
  return apply(CrossEntropyOp{reduction}, logits, labels);
}

Value soft_cross_entropy(const Value& logits, const Operand& targets, Reduction reduction) {
  return apply(SoftCrossEntropyOp{reduction}, logits, targets);
}

Value binary_cross_entropy(const Value& logits, const Operand& targets, Reduction reduction) {
  return apply(BinaryCrossEntropyOp{reduction}, logits, targets);
}

}  // namespace tapedeck
