#pragma once

/// @file
/// Functions of single elements. y and dx have the shape of x. NaN gives NaN.

#include "tapedeck/tape/value.hpp"

namespace tapedeck {

/// y = max(x, 0) (Nair and Hinton, ICML 2010). dx = 0 where x <= 0, else dy; the derivative at 0 is 0. Where
/// x is NaN, dx is dy, as in PyTorch.
TAPEDECK_API Value relu(const Value& x);

/// y = x where x > 0, else slope x (Maas, Hannun and Ng, 2013). dx = dy where x > 0, else slope dy.
/// OptionError if the slope is negative or not finite.
TAPEDECK_API Value leaky_relu(const Value& x, double slope = 0.01);

/// y = tanh(x). dx = dy (1 - y^2).
TAPEDECK_API Value tanh(const Value& x);

/// y = 1 / (1 + exp(-x)). dx = dy y (1 - y).
TAPEDECK_API Value sigmoid(const Value& x);

/// y = log(1 + exp(x)), computed as max(x, 0) + log1p(exp(-|x|)). dx = dy sigmoid(x).
TAPEDECK_API Value softplus(const Value& x);

/// y = x where x > 0, else alpha (exp(x) - 1) (Clevert, Unterthiner and Hochreiter, ICLR 2016). dx = dy where
/// x > 0, else dy alpha exp(x). OptionError if alpha is negative or not finite.
TAPEDECK_API Value elu(const Value& x, double alpha = 1);

/// y = x P(x), P the normal distribution function (Hendrycks and Gimpel, arXiv 1606.08415; the exact form).
/// dx = dy (P(x) + x p(x)), p the normal density. gelu(-Inf) is NaN, as it is 0 times Inf; dx is 0 there.
TAPEDECK_API Value gelu(const Value& x);

/// y = x sigmoid(x), also known as swish (Elfwing, Uchibe and Doya, Neural Networks 107, 2018). dx = dy s (1
/// + x (1 - s)), s = sigmoid(x). silu(-Inf) is NaN; dx is 0 there.
TAPEDECK_API Value silu(const Value& x);

}  // namespace tapedeck
