#pragma once

/// @file
/// Sums, differences, elementwise products and multiples. Operands of one shape, no broadcasting; ShapeError
/// otherwise. The operators are Armadillo's: `%` is the elementwise product.

#include "tapedeck/tape/operand.hpp"

namespace tapedeck {

/// y = a + b. da = dy, db = dy.
TAPEDECK_API Value add(const Value& a, const Operand& b);
/// y = a - b. da = dy, db = -dy.
TAPEDECK_API Value subtract(const Value& a, const Operand& b);
/// y = a (.) b, element by element. da = dy (.) b, db = dy (.) a.
TAPEDECK_API Value multiply(const Value& a, const Operand& b);
/// y = factor x. dx = factor dy. OptionError if the factor is not finite.
TAPEDECK_API Value scale(const Value& x, double factor);

/// The sum, element by element; see add().
inline Value operator+(const Value& a, const Value& b) { return add(a, b); }
/// The difference; see subtract().
inline Value operator-(const Value& a, const Value& b) { return subtract(a, b); }
/// The product, element by element; see multiply(). For a product of matrices see product().
inline Value operator%(const Value& a, const Value& b) { return multiply(a, b); }
/// A multiple; see scale().
inline Value operator*(double factor, const Value& x) { return scale(x, factor); }
/// A multiple; see scale().
inline Value operator*(const Value& x, double factor) { return scale(x, factor); }
/// The negative; see scale().
inline Value operator-(const Value& x) { return scale(x, -1); }

}  // namespace tapedeck
