#pragma once

/// @file
/// Putting features together and taking them apart.

#include <initializer_list>
#include <span>

#include "tapedeck/tape/value.hpp"

namespace tapedeck {

/// The rows of all Values, one below the other; all have the same batch. Each gets its rows of dy. ShapeError
/// for different batches, UsageError for none at all.
TAPEDECK_API Value concatenate_rows(std::span<const Value> values);
/// The same for a list: `concatenate_rows({a, b, c})`.
TAPEDECK_API Value concatenate_rows(std::initializer_list<Value> values);

/// Rows first, ..., first + count - 1 of x. ShapeError if x has fewer. dx is dy in those rows and 0
/// elsewhere.
TAPEDECK_API Value slice_rows(const Value& x, Index first, Index count);

}  // namespace tapedeck
