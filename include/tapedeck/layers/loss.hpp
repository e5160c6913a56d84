#pragma once

/// @file
/// Losses as objects, to be handed to a Trainer: called with a model's output and the targets, each gives a
/// 1x1 Value. Formulas, shapes and errors are those of the functions in ops/loss.hpp. There is no default
/// reduction.

#include "tapedeck/ops/loss.hpp"

namespace tapedeck {

/// Squared error; see mse().
class MSELoss {
 public:
  explicit MSELoss(Reduction reduction) : reduction_(reduction) {}
  Value operator()(const Value& x, const Operand& target) const { return mse(x, target, reduction_); }

  /// What it was made with.
  Reduction reduction() const { return reduction_; }

 private:
  Reduction reduction_;
};

/// Absolute error; see l1().
class L1Loss {
 public:
  explicit L1Loss(Reduction reduction) : reduction_(reduction) {}
  Value operator()(const Value& x, const Operand& target) const { return l1(x, target, reduction_); }

  /// What it was made with.
  Reduction reduction() const { return reduction_; }

 private:
  Reduction reduction_;
};

/// Huber's loss; see huber().
class TAPEDECK_API HuberLoss {
 public:
  /// OptionError unless delta is finite and above 0.
  explicit HuberLoss(Reduction reduction, double delta = 1);
  Value operator()(const Value& x, const Operand& target) const {
    return huber(x, target, reduction_, delta_);
  }

  /// What it was made with.
  Reduction reduction() const { return reduction_; }

 private:
  Reduction reduction_;
  double delta_;
};

/// Cross-entropy of logits and class labels; see cross_entropy().
class CrossEntropyLoss {
 public:
  explicit CrossEntropyLoss(Reduction reduction) : reduction_(reduction) {}
  Value operator()(const Value& logits, const Operand& labels) const {
    return cross_entropy(logits, labels, reduction_);
  }

  /// What it was made with.
  Reduction reduction() const { return reduction_; }

 private:
  Reduction reduction_;
};

/// Cross-entropy of logits and target probabilities; see soft_cross_entropy().
class SoftCrossEntropyLoss {
 public:
  explicit SoftCrossEntropyLoss(Reduction reduction) : reduction_(reduction) {}
  Value operator()(const Value& logits, const Operand& targets) const {
    return soft_cross_entropy(logits, targets, reduction_);
  }

  /// What it was made with.
  Reduction reduction() const { return reduction_; }

 private:
  Reduction reduction_;
};

/// Cross-entropy of logits and targets from 0 to 1; see binary_cross_entropy().
class BinaryCrossEntropyLoss {
 public:
  explicit BinaryCrossEntropyLoss(Reduction reduction) : reduction_(reduction) {}
  Value operator()(const Value& logits, const Operand& targets) const {
    return binary_cross_entropy(logits, targets, reduction_);
  }

  /// What it was made with.
  Reduction reduction() const { return reduction_; }

 private:
  Reduction reduction_;
};

}  // namespace tapedeck
