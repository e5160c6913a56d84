#pragma once

/// @file
/// Losses. Each gives a 1x1 Value, accumulated in double, and says how the batch is reduced. Targets may be
/// Values, or data that is put on the tape: a batch's columns, or a matrix.
///
/// The mean squared error of PyTorch, Keras and others is `mse` with element_mean; batch_mean is larger by
/// the number of outputs.
///
/// Errors: ShapeError for shapes that differ and for an empty batch, LabelError for a class label that is out
/// of range, ScalarError for labels that are no indices and for targets that are.

#include <cstdint>

#include "tapedeck/tape/operand.hpp"

namespace tapedeck {

/// How the losses of single elements become one number. For losses with one number a sample (cross-entropy)
/// batch_mean and element_mean are the same.
enum class Reduction : std::uint8_t {
  batch_sum,     ///< the sum over all
  batch_mean,    ///< the sum over outputs, the mean over samples
  element_mean,  ///< the mean over outputs and samples
};
inline constexpr Reduction batch_sum = Reduction::batch_sum;        ///< Reduction::batch_sum
inline constexpr Reduction batch_mean = Reduction::batch_mean;      ///< Reduction::batch_mean
inline constexpr Reduction element_mean = Reduction::element_mean;  ///< Reduction::element_mean

/// Squared error: (x - t)^2 for each element; x and t are f x batch. dx = 2 (x - t) dl / n, dt = -dx, where
/// here and below n is 1 for batch_sum, batch for batch_mean, f batch for element_mean.
TAPEDECK_API Value mse(const Value& x, const Operand& target, Reduction reduction);

/// Absolute error: |x - t|. dx = sign(x - t) dl / n, 0 where x = t; dt = -dx.
TAPEDECK_API Value l1(const Value& x, const Operand& target, Reduction reduction);

/// Huber's loss (Annals of Mathematical Statistics 35, 1964), e = x - t: e^2 / 2 where |e| <= delta, else
/// delta (|e| - delta / 2). dx = e dl / n where |e| <= delta, else delta sign(e) dl / n; dt = -dx. As
/// PyTorch's HuberLoss. OptionError if delta is not a positive number.
TAPEDECK_API Value huber(const Value& x, const Operand& target, Reduction reduction, double delta = 1);

/// Cross-entropy of softmax(z) with class labels: -log softmax(z)[t] for each sample; z is classes x batch,
/// the labels (an IndexMatrix) are 1 x batch, counted from 0. dz = (softmax(z) - onehot(t)) dl / n, where n
/// is 1 or batch. An infinite dl gives NaN at the labels, as Inf - Inf, and infinities elsewhere.
TAPEDECK_API Value cross_entropy(const Value& logits, const Operand& labels, Reduction reduction);

/// Cross-entropy of softmax(z) with target probabilities: -sum over classes of t log softmax(z) for each
/// sample; z and t are classes x batch; t is used as it is, and 0 log 0 is 0.
/// dz = (softmax(z) sum(t) - t) dl / n, dt = -log softmax(z) dl / n, where n is 1 or batch.
TAPEDECK_API Value soft_cross_entropy(const Value& logits, const Operand& targets, Reduction reduction);

/// Cross-entropy of sigmoid(z) with targets in [0, 1]: max(z, 0) - z t + log(1 + exp(-|z|)) for each element;
/// z and t are f x batch; t is not checked. dz = (sigmoid(z) - t) dl / n, dt = -z dl / n. As PyTorch's
/// BCEWithLogitsLoss.
TAPEDECK_API Value binary_cross_entropy(const Value& logits, const Operand& targets, Reduction reduction);

}  // namespace tapedeck
