#pragma once

/// @file
/// Batch and layer normalisation. Means and variances are accumulated in double, in two passes. OptionError
/// unless epsilon, which is added to the variance, is finite and above 0, in the store's scalar too.

#include "tapedeck/tape/operand.hpp"

namespace tapedeck {

/// Running statistics that a pass in train mode records, and how fast they follow: at the optimizer's
/// step, running = (1 - momentum) running + momentum batch's, with the unbiased variance.
struct RunningStatistics {
  Buffer mean;            ///< f x 1
  Buffer variance;        ///< f x 1
  double momentum = 0.1;  ///< 0 to 1: how much of the new one; PyTorch's convention
};

/// Normalises each feature over the batch (Ioffe and Szegedy, ICML 2015). x is f x batch, gain and bias are
/// f x 1; m and v are the mean and the biased variance of a row of x. With n = 1 / sqrt(v + epsilon):
///
///     h = n (x - m)        y = gain h + bias
///     dgain = sum(dy h)    dbias = sum(dy)    dx = gain n (dy - mean(dy) - h mean(dy h))
///
/// Sums and means are over the batch. ShapeError for a batch of fewer than 2, OptionError unless the momentum
/// is from 0 to 1. This is the form of train mode whatever the tape's mode; the layer BatchNorm chooses.
TAPEDECK_API Value batch_norm(const Value& x, const Operand& gain, const Operand& bias,
                              const RunningStatistics& running, double epsilon = 1e-5);

/// The same with a mean and a variance that are given (f x 1), as in evaluation. With
/// n = 1 / sqrt(variance + epsilon) and h = n (x - mean):
///
///     dx = gain n dy    dmean = -sum(dx)    dvariance = -gain n^2 sum(dy h) / 2
///
/// Sums are over the batch; dgain and dbias are as above.
TAPEDECK_API Value batch_norm_given(const Value& x, const Operand& gain, const Operand& bias,
                                    const Operand& mean, const Operand& variance, double epsilon = 1e-5);

/// Normalises each sample over its features (Ba, Kiros and Hinton, arXiv 1607.06450): the formulas of
/// batch_norm with means over the features of a column; dgain and dbias are sums over the batch. ShapeError
/// if there are no features.
TAPEDECK_API Value layer_norm(const Value& x, const Operand& gain, const Operand& bias,
                              double epsilon = 1e-5);

}  // namespace tapedeck
