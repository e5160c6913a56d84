#pragma once

/// @file
/// Products of matrices. Weights are [out, in]; one column of x is one sample. ShapeError if the shapes do
/// not fit, naming the operand.

#include "tapedeck/tape/operand.hpp"

namespace tapedeck {

/// y = W x + b 1': W is m x n, b is m x 1, x is n x batch, y is m x batch.
/// dW = dy x', db = dy 1, dx = W' dy.
TAPEDECK_API Value affine(const Operand& weight, const Operand& bias, const Value& x);

/// y = A x: A is m x n, x is n x batch. dA = dy x', dx = A' dy.
TAPEDECK_API Value product(const Operand& a, const Value& x);

}  // namespace tapedeck
