#pragma once

/// @file
/// Functions of single elements. y and dx have the shape of x. NaN in gives NaN out, except where said.

#include "tapedeck/tape/value.hpp"

namespace tapedeck {

/// y = max(x, 0). dx = dy where x > 0, else 0; the derivative at 0 is 0.
TAPEDECK_API Value relu(const Value& x);

/// y = x where x > 0, else slope x. The derivative at 0 is the slope. OptionError if the slope is negative or
/// not finite.
TAPEDECK_API Value leaky_relu(const Value& x, double slope = 0.01);

/// y = tanh(x). dx = dy (1 - y^2).
TAPEDECK_API Value tanh(const Value& x);

/// y = 1 / (1 + exp(-x)). dx = dy y (1 - y).
TAPEDECK_API Value sigmoid(const Value& x);

/// y = log(1 + exp(x)), computed as max(x, 0) + log1p(exp(-|x|)). dx = dy sigmoid(x).
TAPEDECK_API Value softplus(const Value& x);

/// y = x where x > 0, else alpha (exp(x) - 1) (Clevert, Unterthiner and Hochreiter, ICLR 2016). dx = dy where
/// x > 0, else dy (y + alpha). OptionError if alpha is negative or not finite.
TAPEDECK_API Value elu(const Value& x, double alpha = 1);

/// y = x P(x), P the normal distribution function (Hendrycks and Gimpel, 2016; the exact form). dx = dy (P(x)
/// + x p(x)), p the normal density. gelu(-Inf) is NaN, as it is 0 times Inf.
TAPEDECK_API Value gelu(const Value& x);

/// y = x sigmoid(x), also known as swish (Elfwing, Uchibe and Doya, 2018). dx = dy s (1 + x (1 - s)), s =
/// sigmoid(x). silu(-Inf) is NaN.
TAPEDECK_API Value silu(const Value& x);

}  // namespace tapedeck
